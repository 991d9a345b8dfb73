//! Four ways to spread work over tasks.

use std::{sync::Arc, time::Duration};

use denizen_models::TaskKind;
use tokio::{
    runtime::Handle,
    sync::{
        Mutex,
        mpsc::{Receiver, Sender, channel},
    },
    task::JoinSet,
    time::sleep,
};

/// One piece of work, as it travels from hand to hand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Job {
    /// Counted from 1.
    pub(super) number: u64,
    /// How long it takes.
    pub(super) delay: Duration,
    /// The number at first; at last, what the work has made of it.
    pub(super) value: u64,
}

/// Why some jobs did not come back.
pub(super) struct Lost(pub(super) String);

/// How many jobs a channel holds before its sender has to wait.
const CHANNEL: usize = 8;

/// The tasks of one request. They end when it is dropped.
struct Crew {
    tasks: JoinSet<()>,
    runtime: Handle,
}

impl Crew {
    fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn_on(task, &self.runtime);
    }
}

/// Does the jobs, and returns them in the order of their numbers. Dropping the future stops them.
pub(super) async fn spread(kind: TaskKind, jobs: Vec<Job>, runtime: &Handle) -> Result<Vec<Job>, Lost> {
    let count = jobs.len();
    let mut crew = Crew { tasks: JoinSet::new(), runtime: runtime.clone() };
    let (done, mut results) = channel(CHANNEL);
    match kind {
        TaskKind::Basic => all_at_once(&mut crew, jobs, &done),
        TaskKind::Pipeline => pipeline(&mut crew, jobs, done.clone()),
        TaskKind::WorkerPool => worker_pool(&mut crew, jobs, &done),
        TaskKind::FanOutFanIn => fan_out_fan_in(&mut crew, jobs, &done),
    }
    // From here on only tasks hold a sender, so that the results end when the tasks do, whatever they end by.
    drop(done);
    let mut all = Vec::with_capacity(count);
    while let Some(job) = results.recv().await {
        all.push(job);
    }
    while let Some(ended) = crew.tasks.join_next().await {
        ended.map_err(|error| Lost(error.to_string()))?;
    }
    if all.len() != count {
        return Err(Lost(format!("{} of {count} came back", all.len())));
    }
    all.sort_unstable_by_key(|job| job.number);
    Ok(all)
}

/// A task for each job. The value becomes the index of the task.
fn all_at_once(crew: &mut Crew, jobs: Vec<Job>, done: &Sender<Job>) {
    for job in jobs {
        let done = done.clone();
        crew.spawn(async move {
            sleep(job.delay).await;
            hand_on(&done, Job { value: job.number - 1, ..job }).await;
        });
    }
}

/// A task for each stage: one doubles, one adds ten, one halves.
fn pipeline(crew: &mut Crew, jobs: Vec<Job>, done: Sender<Job>) {
    const STAGES: u16 = TaskKind::STAGES;
    let ((start, first), (to_second, second), (to_third, third)) =
        (channel(CHANNEL), channel(CHANNEL), channel(CHANNEL));
    crew.spawn(feed(jobs, vec![start]));
    crew.spawn(station(first, to_second, STAGES, |value| value * 2));
    crew.spawn(station(second, to_third, STAGES, |value| value + 10));
    crew.spawn(station(third, done, STAGES, |value| value / 2));
}

/// Workers that share one queue. The value becomes the worker that took the job.
fn worker_pool(crew: &mut Crew, jobs: Vec<Job>, done: &Sender<Job>) {
    let (queue, waiting) = channel(CHANNEL);
    let waiting = Arc::new(Mutex::new(waiting));
    crew.spawn(feed(jobs, vec![queue]));
    for worker in 0..TaskKind::POOL_WORKERS {
        let (waiting, done) = (Arc::clone(&waiting), done.clone());
        crew.spawn(async move {
            // The lock is released with the end of the condition: while one works, the next one waits for a job.
            while let Some(job) = next(&waiting).await {
                sleep(job.delay).await;
                hand_on(&done, Job { value: worker.into(), ..job }).await;
            }
        });
    }
}

async fn next(waiting: &Mutex<Receiver<Job>>) -> Option<Job> {
    waiting.lock().await.recv().await
}

/// Workers with a queue each. The value is squared.
fn fan_out_fan_in(crew: &mut Crew, jobs: Vec<Job>, done: &Sender<Job>) {
    let (queues, inboxes): (Vec<_>, Vec<_>) = (0..TaskKind::FAN_WORKERS).map(|_| channel(CHANNEL)).unzip();
    crew.spawn(feed(jobs, queues));
    for inbox in inboxes {
        crew.spawn(station(inbox, done.clone(), 1, |value| value * value));
    }
}

/// Deals the jobs out to the queues in turn.
async fn feed(jobs: Vec<Job>, queues: Vec<Sender<Job>>) {
    for (job, queue) in jobs.into_iter().zip(queues.iter().cycle()) {
        hand_on(queue, job).await;
    }
}

/// One that takes its share of a job's time, works on the value, and hands the job on.
async fn station(mut inbox: Receiver<Job>, outbox: Sender<Job>, stations: u16, work: fn(u64) -> u64) {
    while let Some(job) = inbox.recv().await {
        sleep(job.delay / u32::from(stations)).await;
        hand_on(&outbox, Job { value: work(job.value), ..job }).await;
    }
}

async fn hand_on(queue: &Sender<Job>, job: Job) {
    // Nobody takes it if the other end has failed. Then jobs are missing in the end, and that is noticed.
    let _missing = queue.send(job).await;
}
