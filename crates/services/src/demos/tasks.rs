//! Demonstrations of concurrency: tasks that wait, and the ways to spread them.

mod spread;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use denizen_models::{TaskKind, TaskLoad, TaskReport, TaskRequest, excerpt};
use tokio::{runtime::Handle, sync::Semaphore};

use self::spread::{Job, Lost, spread};
use crate::{
    common::{Failure, embeds_failure},
    ports::{AccessContext, Clock, RandomnessError, TokenSource},
};

/// Why there is no report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TaskError {
    /// There is no such kind; the name is cut to 50 characters.
    #[error("Unknown task type: {0}")]
    UnknownKind(String),
    /// A reason that all use cases share.
    #[error(transparent)]
    Failure(#[from] Failure),
}

embeds_failure! { TaskError }

/// Runs many small tasks at the same time.
#[async_trait]
pub trait TaskService: Send + Sync {
    /// Runs the tasks, and reports when all of them are done. Dropping the future stops them.
    async fn run(&self, context: &AccessContext, request: TaskRequest) -> Result<TaskReport, TaskError>;
}

/// The implementation of [`TaskService`], on tasks and channels of tokio.
pub struct DefaultTaskService {
    runtime: Handle,
    clock: Arc<dyn Clock>,
    tokens: Arc<dyn TokenSource>,
    slots: Semaphore,
}

impl DefaultTaskService {
    /// How many requests may be under way; the next one is turned away. Each has at most a thousand tasks.
    pub const MAX_RUNNING: usize = 16;

    /// Spawns its tasks on `runtime`, whose timer must be enabled. One with several threads runs them in parallel.
    #[must_use]
    pub fn new(runtime: Handle, clock: Arc<dyn Clock>, tokens: Arc<dyn TokenSource>) -> Self {
        Self { runtime, clock, tokens, slots: Semaphore::new(Self::MAX_RUNNING) }
    }

    fn jobs(&self, kind: TaskKind, load: TaskLoad) -> Result<Vec<Job>, RandomnessError> {
        let delays = match load.delay {
            Some(delay) => vec![delay; load.count.into()],
            None => self.random_delays(kind, load.count)?,
        };
        let delays = delays.into_iter().map(|millis| Duration::from_millis(millis.into()));
        Ok((1..).zip(delays).map(|(number, delay)| Job { number, delay, value: number }).collect())
    }

    fn random_delays(&self, kind: TaskKind, count: u16) -> Result<Vec<u16>, RandomnessError> {
        let mut random = vec![0; 2 * usize::from(count)];
        self.tokens.fill(&mut random)?;
        let choices = kind.longest_random_delay() + 1;
        // 65,536 is no multiple of the choices, so that some are likelier than others, by a thousandth.
        let delay = |pair: &[u8; 2]| u16::from_le_bytes(*pair) % choices;
        Ok(random.as_chunks().0.iter().map(delay).collect())
    }
}

#[async_trait]
impl TaskService for DefaultTaskService {
    async fn run(&self, context: &AccessContext, request: TaskRequest) -> Result<TaskReport, TaskError> {
        let load = request.validate().map_err(Failure::Invalid)?;
        let kind = request.kind().ok_or_else(|| TaskError::UnknownKind(excerpt(&request.task_type)))?;
        let _slot = self
            .slots
            .try_acquire()
            .map_err(|_| Failure::overloaded("too many task requests are running"))?;
        let jobs = self.jobs(kind, load)?;
        let start_time = self.clock.now().timestamp();
        // A task panicked, or its runtime is shutting down.
        let lost = |Lost(reason)| Failure::Internal(format!("tasks were lost: {reason}").into());
        let done = spread(kind, jobs, &self.runtime).await.map_err(lost)?;
        let id = &context.request_id;
        Ok(TaskReport {
            task_id: format!("goroutine_task_{}", id.strip_prefix("req_").unwrap_or(id)),
            status: "completed",
            start_time,
            end_time: self.clock.now().timestamp(),
            total_tasks: load.count.into(),
            completed_tasks: done.len(),
            results: done.iter().map(|job| sentence(kind, job)).collect(),
        })
    }
}

/// What the original says of such a task.
fn sentence(kind: TaskKind, Job { number, delay, value }: &Job) -> String {
    match kind {
        TaskKind::Basic => {
            let millis = delay.as_millis();
            format!(
                "Task {number} of type 'basic_concurrent' completed on goroutine {value} (delay: {millis}ms)"
            )
        }
        TaskKind::Pipeline => format!("Pipeline result {number}: {value}"),
        TaskKind::WorkerPool => format!("Worker {value} processed job: job_{number}"),
        TaskKind::FanOutFanIn => format!("Fan-out/fan-in result {number}: {value}"),
    }
}
