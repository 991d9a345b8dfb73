//! What is only visible from inside.

mod statements;
