//! Invitations.

mod accept;
mod by_hand;
mod mail;
