//! denizen's store on SQLite
