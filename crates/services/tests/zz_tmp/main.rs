#[cfg(test)]
#[path = "../rules/calculate.rs"]
mod calculate;
#[cfg(test)]
#[path = "../rules/tasks.rs"]
mod tasks;
