//! The business rules, told one sentence at a time, on stand-ins for every port.

// Clippy grants `expect` and `panic!` to `#[cfg(test)]` modules, but not to the helpers of a test binary; saying so
// of the modules makes the helpers count as tests.
#[cfg(test)]
mod accounts;
#[cfg(test)]
mod audit;
#[cfg(test)]
#[cfg(feature = "demos")]
mod calculate;
#[cfg(test)]
mod change_password;
#[cfg(test)]
mod email_change;
#[cfg(test)]
mod email_verification;
#[cfg(test)]
mod forgotten_password;
#[cfg(test)]
mod health;
#[cfg(test)]
mod housekeeping;
#[cfg(test)]
mod invitation;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod login;
#[cfg(test)]
mod long_passwords;
#[cfg(test)]
mod mail_jobs;
#[cfg(test)]
mod mail_worker;
#[cfg(test)]
mod mailed_tokens;
#[cfg(test)]
#[cfg(feature = "messages")]
mod messages;
#[cfg(test)]
mod password_reset;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod sign_up;
#[cfg(test)]
mod support;
#[cfg(test)]
#[cfg(feature = "demos")]
mod tasks;
#[cfg(test)]
mod users;
