//! The pages in a real browser: `cargo xtask test` runs these tests as a step of their own, because they need Chromium,
//! its driver, and axe-core, whose file `DENIZEN_TEST_AXE` names. Screenshots go to `DENIZEN_TEST_SCREENSHOTS`, if that is set.

// Clippy grants `expect` and `panic!` to `#[cfg(test)]` modules, but not to the helpers of a test binary.
#[cfg(test)]
mod browser;
#[cfg(test)]
mod looks;
#[cfg(test)]
mod site;
#[cfg(test)]
mod walks;
