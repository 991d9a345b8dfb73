//! Tasks: four ways to spread them, and how to stop them. Time is tokio's paused clock, which jumps to the next timer.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use denizen_models::{TaskReport, TaskRequest};
use denizen_services::{
    AccessContext, DefaultTaskService, Failure, RandomnessError, TaskError, TaskService as _, TokenSource,
};
use denizen_testkit::{FixedClock, SeededTokens};
use tokio::{
    runtime::{Builder, Handle},
    task::{JoinSet, yield_now},
    time::Instant,
};

fn service() -> DefaultTaskService {
    service_on(Handle::current())
}

fn service_on(runtime: Handle) -> DefaultTaskService {
    DefaultTaskService::new(runtime, Arc::new(FixedClock::new()), Arc::new(SeededTokens::new(1)))
}

fn request(task_type: &str, task_count: i64, delay_ms: Option<i64>) -> TaskRequest {
    TaskRequest { task_type: task_type.to_owned(), task_count, delay_ms, ..TaskRequest::default() }
}

async fn run(task_type: &str, task_count: i64, delay_ms: Option<i64>) -> TaskReport {
    let context = AccessContext { request_id: "req_0123abcd".to_owned(), ..AccessContext::anonymous() };
    let report = service().run(&context, request(task_type, task_count, delay_ms)).await;
    report.expect("a report")
}

async fn refusal(service: &DefaultTaskService, request: TaskRequest) -> TaskError {
    service.run(&AccessContext::anonymous(), request).await.expect_err("a refusal")
}

/// How long such a run takes, in milliseconds of the paused clock.
async fn duration(task_type: &str, task_count: i64, delay_ms: i64) -> u128 {
    let start = Instant::now();
    run(task_type, task_count, Some(delay_ms)).await;
    start.elapsed().as_millis()
}

/// Waits until the runtime has nothing to do but this: every task waits for time to pass, or is gone.
async fn settle() {
    for _ in 0..100 {
        yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_thousand_basic_tasks_of_a_second_take_a_second() {
    let start = Instant::now();
    let report = run("basic", 1000, Some(1000)).await;
    let elapsed = start.elapsed();
    assert!((1000..=1010).contains(&elapsed.as_millis()), "{elapsed:?}");
    let sentence = |index| {
        format!(
            "Task {} of type 'basic_concurrent' completed on goroutine {index} (delay: 1000ms)",
            index + 1
        )
    };
    assert_eq!(report.results, (0..1000).map(sentence).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn workers_share_the_time() {
    for (task_type, count, delay, expected) in [
        ("worker_pool", 9, 100, 300),
        ("worker_pool", 10, 100, 400),
        ("fan_out_fan_in", 8, 100, 200),
        ("fan_out_fan_in", 9, 100, 300),
        // Three stages of 100 ms each; the last task enters the first of them after 500 ms.
        ("pipeline", 6, 300, 800),
        ("basic", 1, 0, 0),
    ] {
        let elapsed = duration(task_type, count, delay).await;
        assert!((expected..=expected + 10).contains(&elapsed), "{count} {task_type}: {elapsed} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn a_minute_of_work_takes_a_minute() {
    for (task_type, count) in [("worker_pool", 180), ("fan_out_fan_in", 240), ("pipeline", 180)] {
        let elapsed = duration(task_type, count, 1000).await;
        assert!((59_000..=61_000).contains(&elapsed), "{task_type}: {elapsed} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_doubles_adds_ten_and_halves() {
    let report = run("pipeline", 1000, Some(1)).await;
    let expected: Vec<_> = (1..=1000).map(|n| format!("Pipeline result {n}: {}", n + 5)).collect();
    assert_eq!(report.results, expected);
}

#[tokio::test(start_paused = true)]
async fn fan_out_squares_each_number() {
    let report = run("fan_out_fan_in", 1000, None).await;
    let expected: Vec<_> = (1..=1000).map(|n| format!("Fan-out/fan-in result {n}: {}", n * n)).collect();
    assert_eq!(report.results, expected);
}

#[tokio::test(start_paused = true)]
async fn three_workers_take_the_jobs_and_all_of_them_work() {
    let report = run("worker_pool", 1000, None).await;
    let mut workers = BTreeSet::new();
    for (index, result) in report.results.iter().enumerate() {
        let job = format!(" processed job: job_{}", index + 1);
        let worker = result.strip_prefix("Worker ").and_then(|rest| rest.strip_suffix(&job));
        workers.insert(worker.unwrap_or_else(|| panic!("{result}")));
    }
    assert_eq!(workers, ["0", "1", "2"].into());
}

#[tokio::test(start_paused = true)]
async fn delays_are_random_below_a_tenth_of_a_second_unless_one_is_named() {
    let report = run("basic", 1000, None).await;
    let delay = |result: &String| {
        let text = result.split_once("(delay: ").and_then(|(_, rest)| rest.strip_suffix("ms)"));
        text.and_then(|text| text.parse::<u64>().ok()).unwrap_or_else(|| panic!("{result}"))
    };
    let delays: BTreeSet<u64> = report.results.iter().map(delay).collect();
    assert_eq!((delays.first(), delays.last()), (Some(&0), Some(&99)));
    assert!(delays.len() > 90, "{delays:?}");
}

#[tokio::test(start_paused = true)]
async fn a_report_counts_and_dates_the_tasks() {
    let clock = Arc::new(FixedClock::new());
    let service = DefaultTaskService::new(Handle::current(), clock.clone(), Arc::new(SeededTokens::new(1)));
    let context = AccessContext { request_id: "req_0123abcd".to_owned(), ..AccessContext::anonymous() };
    let running = service.run(&context, request("pipeline", 2, Some(1000)));
    let later = async {
        tokio::time::advance(Duration::from_millis(500)).await;
        clock.advance(chrono::Duration::seconds(3));
    };
    let (report, ()) = tokio::join!(running, later);
    let start_time = FixedClock::start().timestamp();
    let expected = TaskReport {
        task_id: "goroutine_task_0123abcd".to_owned(),
        status: "completed",
        results: vec!["Pipeline result 1: 6".to_owned(), "Pipeline result 2: 7".to_owned()],
        start_time,
        end_time: start_time + 3,
        total_tasks: 2,
        completed_tasks: 2,
    };
    assert_eq!(report, Ok(expected));
}

#[tokio::test(start_paused = true)]
async fn dropping_the_future_stops_every_task() {
    let alive = || Handle::current().metrics().num_alive_tasks();
    let (service, context) = (service(), AccessContext::anonymous());
    for (task_type, tasks) in [("basic", 100), ("pipeline", 4), ("worker_pool", 4), ("fan_out_fan_in", 5)] {
        let mut running = service.run(&context, request(task_type, 100, Some(1000)));
        tokio::select! {
            biased;
            report = &mut running => panic!("{task_type} ended too early: {report:?}"),
            () = settle() => {}
        }
        assert_eq!(alive(), tasks, "{task_type} under way");
        drop(running);
        settle().await;
        assert_eq!(alive(), 0, "{task_type} left tasks behind");
    }
}

#[tokio::test(start_paused = true)]
async fn sixteen_requests_may_run_and_the_next_is_turned_away() {
    let service = Arc::new(service());
    let mut running = JoinSet::new();
    for _ in 0..DefaultTaskService::MAX_RUNNING {
        let service = service.clone();
        running.spawn(async move {
            service.run(&AccessContext::anonymous(), request("basic", 1, Some(1000))).await
        });
    }
    settle().await;
    assert_eq!(
        refusal(&service, request("basic", 1, Some(0))).await,
        TaskError::Failure(Failure::Overloaded("too many task requests are running".into()))
    );
    // Who asks for nonsense hears about that, busy or not.
    assert!(matches!(
        refusal(&service, request("basic", 0, None)).await,
        TaskError::Failure(Failure::Invalid(_))
    ));

    let first = running.join_next().await.expect("a request").expect("no panic");
    assert_eq!(first.map(|report| report.completed_tasks), Ok(1));
    let again = service.run(&AccessContext::anonymous(), request("basic", 1, Some(0))).await;
    assert_eq!(again.map(|report| report.completed_tasks), Ok(1));
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let service = service();
    for (request, expected) in [
        (request("nope", 0, None), "Task count must be positive"),
        (request("basic", 1001, None), "Task count cannot exceed 1000"),
        (request("basic", 1, Some(1001)), "Delay must be between 0 and 1000 milliseconds"),
        (request("worker_pool", 181, Some(1000)), "Tasks would take longer than 60 seconds"),
    ] {
        let error = refusal(&service, request).await;
        assert!(matches!(error, TaskError::Failure(Failure::Invalid(_))), "{error:?}");
        assert_eq!(error.to_string(), expected);
    }
    for (name, shown) in [("nope", "nope".to_owned()), ("", String::new()), (&"я".repeat(51), "я".repeat(50))]
    {
        let error = refusal(&service, request(name, 1, None)).await;
        assert_eq!(error, TaskError::UnknownKind(shown));
    }
}

#[tokio::test]
async fn without_randomness_there_are_no_random_delays() {
    struct Broken;

    impl TokenSource for Broken {
        fn fill(&self, _: &mut [u8]) -> Result<(), RandomnessError> {
            Err(RandomnessError("broken".into()))
        }
    }

    let service = DefaultTaskService::new(Handle::current(), Arc::new(FixedClock::new()), Arc::new(Broken));
    let error = refusal(&service, request("basic", 1, None)).await;
    assert_eq!(error, TaskError::from(RandomnessError("broken".into())));
    let report = service.run(&AccessContext::anonymous(), request("basic", 1, Some(0))).await;
    assert_eq!(report.map(|report| report.completed_tasks), Ok(1));
}

#[test]
fn tasks_run_on_the_runtime_that_the_service_was_given() {
    // The caller's runtime has no timer: a task that slept on it would panic.
    let caller = Builder::new_current_thread().build().expect("a runtime");
    let tasks = Builder::new_multi_thread().worker_threads(2).enable_time().build().expect("a runtime");
    let service = service_on(tasks.handle().clone());
    for task_type in ["basic", "pipeline", "worker_pool", "fan_out_fan_in"] {
        let context = AccessContext::anonymous();
        let report = caller.block_on(service.run(&context, request(task_type, 50, Some(1))));
        assert_eq!(report.map(|report| report.completed_tasks), Ok(50), "{task_type}");
    }
}

#[test]
fn a_runtime_that_shuts_down_loses_the_tasks_and_the_caller_is_told() {
    let caller = Builder::new_current_thread().build().expect("a runtime");
    let tasks = Builder::new_current_thread().enable_time().build().expect("a runtime");
    let service = service_on(tasks.handle().clone());
    drop(tasks);
    let error = caller.block_on(refusal(&service, request("basic", 3, Some(0))));
    assert!(matches!(error, TaskError::Failure(Failure::Internal(_))), "{error:?}");
}
