//! denizen's mail transports
