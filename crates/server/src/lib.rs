//! # The server: configuration, and the one place that puts adapters on ports
//!
//! [`config::Config`] says what to run, [`Application::build`] puts it together and binds the address, and
//! [`Application::run_until`] serves. A test asks for port 0 and finds the real one in [`Application::address`]:
//!
//! ```
//! use denizen_server::{
//!     Application,
//!     config::{BIND, Config, ConfigFile, DATABASE, Settings},
//! };
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let flags = [(&BIND, "127.0.0.1:0".to_owned()), (&DATABASE, "memory:".to_owned())];
//! let settings = Settings::resolve(flags, &ConfigFile::Optional("no.toml".into()), [("", ""); 0]);
//! let application = Application::build(Config::from_settings(&settings)?).await?;
//! assert_ne!(application.address().port(), 0);
//! application.run_until(std::future::ready(())).await?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![deny(missing_docs)]

mod application;
pub mod cli;
pub mod commands;
pub mod config;
pub mod http;
mod logging;
mod samples;
mod storage;

pub use application::{Application, Overrides, RunError, StartError};
pub use logging::{flush_log, start_logging, write_message};
pub use samples::{SAMPLE_PASSWORD, SampleError};
pub use storage::OpenError;
