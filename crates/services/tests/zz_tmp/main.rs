#[cfg(test)]
#[path = "../rules/calculate.rs"]
mod calculate;
