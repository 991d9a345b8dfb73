//! Fixed clock, seeded tokens, recording mailer and the store contract suite
