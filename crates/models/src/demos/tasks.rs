//! Demonstrations of concurrency: the request, what makes it valid, and the report.

use serde::{Deserialize, Serialize};

use crate::{named_enum, types::ValidationErrors};

named_enum! {
    /// How the work is spread.
    pub enum TaskKind {
        /// All at the same time.
        Basic = "basic",
        /// Three stages in a row, each at work on another task; a task spends a third of its time in each.
        Pipeline = "pipeline",
        /// Three workers that take the next task when they are ready for it.
        WorkerPool = "worker_pool",
        /// Four workers, the tasks dealt out to them in turn, and their results gathered.
        FanOutFanIn = "fan_out_fan_in",
    }
}

impl TaskKind {
    /// The stages of a [`Self::Pipeline`].
    pub const STAGES: u16 = 3;
    /// The workers of a [`Self::WorkerPool`].
    pub const POOL_WORKERS: u16 = 3;
    /// The workers of a [`Self::FanOutFanIn`].
    pub const FAN_WORKERS: u16 = 4;

    /// The longest delay of a task in milliseconds where the request names none and chance decides.
    #[must_use]
    pub const fn longest_random_delay(self) -> u16 {
        match self {
            Self::Basic | Self::Pipeline | Self::WorkerPool => 99,
            Self::FanOutFanIn => 49,
        }
    }

    /// How long `load` takes at worst, in milliseconds: the rounds that the workers need, times the longest delay.
    fn worst_case(self, load: TaskLoad) -> u32 {
        let rounds = match self {
            Self::Basic => 1,
            Self::Pipeline => load.count.div_ceil(Self::STAGES),
            Self::WorkerPool => load.count.div_ceil(Self::POOL_WORKERS),
            Self::FanOutFanIn => load.count.div_ceil(Self::FAN_WORKERS),
        };
        u32::from(rounds) * u32::from(load.delay.unwrap_or(self.longest_random_delay()))
    }
}

/// The body of `POST /api/tasks`.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TaskRequest {
    /// The name of a [`TaskKind`].
    pub task_type: String,
    /// How many tasks: 1 to 1000.
    pub task_count: i64,
    /// How long each task takes, in milliseconds: 0 to 1000; absent or null leaves it to chance.
    pub delay_ms: Option<i64>,
    /// For people; at most 1000 characters.
    pub description: String,
}

/// How much there is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskLoad {
    /// How many tasks: 1 to 1000.
    pub count: u16,
    /// How long each takes, in milliseconds: 0 to 1000; `None` leaves it to chance.
    pub delay: Option<u16>,
}

impl TaskRequest {
    /// The most tasks in one request.
    pub const MAX_COUNT: i64 = 1000;
    /// The longest delay of a task, in milliseconds.
    pub const MAX_DELAY: i64 = 1000;
    /// The longest description, in characters.
    pub const MAX_DESCRIPTION: usize = 1000;
    /// The longest that a request may take at worst, in milliseconds.
    pub const MAX_DURATION: u32 = 60_000;

    /// The kind, if the name is one.
    #[must_use]
    pub fn kind(&self) -> Option<TaskKind> {
        TaskKind::from_name(&self.task_type)
    }

    /// Checks everything but the name of the kind, which has an error of its own.
    ///
    /// # Errors
    /// Every member that fails.
    pub fn validate(&self) -> Result<TaskLoad, ValidationErrors> {
        let mut errors = ValidationErrors::new();
        let Self { task_type: _, task_count: count, delay_ms: delay, description } = self;
        errors.check(*count <= 0, "task_count", "Task count must be positive");
        let many = format_args!("Task count cannot exceed {}", Self::MAX_COUNT);
        errors.check(*count > Self::MAX_COUNT, "task_count", many);
        let in_range = delay.is_none_or(|delay| (0..=Self::MAX_DELAY).contains(&delay));
        let range = format_args!("Delay must be between 0 and {} milliseconds", Self::MAX_DELAY);
        errors.check(!in_range, "delay_ms", range);
        let long = description.chars().count() > Self::MAX_DESCRIPTION;
        let length = format_args!("Description cannot exceed {} characters", Self::MAX_DESCRIPTION);
        errors.check(long, "description", length);
        let (Ok(count), Ok(delay)) = (u16::try_from(*count), delay.map(u16::try_from).transpose()) else {
            return Err(errors);
        };
        let load = TaskLoad { count, delay };
        let endless = self.kind().is_some_and(|kind| kind.worst_case(load) > Self::MAX_DURATION);
        let duration = format_args!("Tasks would take longer than {} seconds", Self::MAX_DURATION / 1000);
        errors.check(endless, "task_count", duration);
        errors.into_result(load)
    }
}

/// What came of it.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskReport {
    /// `goroutine_task_` and the distinctive part of the request's id.
    pub task_id: String,
    /// Always `completed`: failures are errors.
    pub status: &'static str,
    /// One sentence for each task, in the order of the tasks.
    pub results: Vec<String>,
    /// When the first task began, in Unix seconds.
    pub start_time: i64,
    /// When the last task ended, in Unix seconds.
    pub end_time: i64,
    /// How many tasks there were.
    pub total_tasks: usize,
    /// How many of them are done: all.
    pub completed_tasks: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(task_type: &str, task_count: i64, delay_ms: Option<i64>) -> TaskRequest {
        TaskRequest { task_type: task_type.to_owned(), task_count, delay_ms, ..TaskRequest::default() }
    }

    fn failures(request: &TaskRequest) -> Vec<String> {
        let errors = request.validate().unwrap_err();
        errors.iter().map(|error| format!("{}: {}", error.field, error.message)).collect()
    }

    #[test]
    fn kinds_are_known_by_their_own_names_only() {
        for kind in TaskKind::ALL {
            assert_eq!(request(kind.as_str(), 1, None).kind(), Some(kind));
        }
        for name in ["", "Basic", "basic ", "nope"] {
            assert_eq!(request(name, 1, None).kind(), None, "{name}");
        }
    }

    #[test]
    fn every_failing_member_is_reported_in_order() {
        let request = TaskRequest { description: "я".repeat(1001), ..request("basic", 0, Some(1001)) };
        assert_eq!(
            failures(&request),
            [
                "task_count: Task count must be positive",
                "delay_ms: Delay must be between 0 and 1000 milliseconds",
                "description: Description cannot exceed 1000 characters",
            ]
        );
    }

    #[test]
    fn count_and_delay_have_limits() {
        for (count, delay) in [(1, None), (1, Some(0)), (1000, Some(1000)), (1000, None)] {
            let load = TaskLoad {
                count: u16::try_from(count).unwrap(),
                delay: delay.map(|delay| u16::try_from(delay).unwrap()),
            };
            assert_eq!(request("basic", count, delay).validate(), Ok(load));
        }
        for count in [0, -5, i64::MIN] {
            let expected = ["task_count: Task count must be positive"];
            assert_eq!(failures(&request("basic", count, None)), expected);
        }
        for count in [1001, 70_000, 1_000_000_000_000_000, i64::MAX] {
            let expected = ["task_count: Task count cannot exceed 1000"];
            assert_eq!(failures(&request("nope", count, None)), expected);
        }
        for delay in [-1, 1001, i64::MAX] {
            let expected = ["delay_ms: Delay must be between 0 and 1000 milliseconds"];
            assert_eq!(failures(&request("basic", 1, Some(delay))), expected);
        }
    }

    #[test]
    fn a_request_takes_a_minute_at_most() {
        for (kind, count, delay) in [
            ("worker_pool", 180, 1000),
            ("pipeline", 180, 1000),
            ("fan_out_fan_in", 240, 1000),
            ("pipeline", 1000, 179),
        ] {
            assert!(request(kind, count, Some(delay)).validate().is_ok(), "{kind}");
            let expected = ["task_count: Tasks would take longer than 60 seconds"];
            let more = if count == 1000 {
                request(kind, count, Some(180))
            } else {
                request(kind, count + 1, Some(delay))
            };
            assert_eq!(failures(&more), expected, "{kind}");
        }
        for kind in TaskKind::ALL {
            assert!(request(kind.as_str(), 1000, None).validate().is_ok(), "{kind:?}");
        }
    }

    #[test]
    fn a_description_is_counted_in_characters() {
        let request = TaskRequest { description: "я".repeat(1000), ..request("basic", 1, None) };
        assert!(request.validate().is_ok());
    }
}
