//! Calculations and tasks that come out as the test says.

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use denizen_models::{Calculation, CalculationRequest, Operation, TaskReport, TaskRequest};
use denizen_services::{AccessContext, CalculateError, Failure, MathService, TaskError, TaskService};
use denizen_testkit::FixedClock;

/// What a service was asked to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Asked {
    Calculate(CalculationRequest),
    CalculateBulk(Vec<CalculationRequest>),
    Run(TaskRequest),
}

/// Both services. By default all goes well.
pub struct FakeDemonstrations {
    pub calculate: Result<Calculation, CalculateError>,
    pub calculate_bulk: Result<Vec<Result<Calculation, CalculateError>>, Failure>,
    pub run: Result<TaskReport, TaskError>,
    /// Tasks do not end.
    pub endless: bool,
    pub calls: Mutex<Vec<(AccessContext, Asked)>>,
}

/// A calculation with this result.
pub fn calculation(result: f64) -> Calculation {
    Calculation {
        result,
        operation: Operation::Add,
        operands: "1.00, 2.00".to_owned(),
        timestamp: FixedClock::start().timestamp(),
        request_id: "req_7".to_owned(),
        processing_time_ms: 0.125,
    }
}

impl Default for FakeDemonstrations {
    fn default() -> Self {
        let start_time = FixedClock::start().timestamp();
        let report = TaskReport {
            task_id: "goroutine_task_7".to_owned(),
            status: "completed",
            results: vec!["one".to_owned(), "two".to_owned()],
            start_time,
            end_time: start_time + 1,
            total_tasks: 2,
            completed_tasks: 2,
        };
        Self {
            calculate: Ok(calculation(3.0)),
            calculate_bulk: Ok(vec![Ok(calculation(3.0))]),
            run: Ok(report),
            endless: false,
            calls: Mutex::default(),
        }
    }
}

impl FakeDemonstrations {
    /// Whether nobody has asked anything yet.
    pub fn is_untouched(&self) -> bool {
        self.lock().is_empty()
    }

    /// What was asked last, and on whose behalf.
    pub fn last_call(&self) -> (AccessContext, Asked) {
        self.lock().last().cloned().expect("a call of a service")
    }

    fn record(&self, context: &AccessContext, asked: Asked) {
        self.lock().push((context.clone(), asked));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(AccessContext, Asked)>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl MathService for FakeDemonstrations {
    async fn calculate(
        &self,
        context: &AccessContext,
        request: CalculationRequest,
    ) -> Result<Calculation, CalculateError> {
        self.record(context, Asked::Calculate(request));
        self.calculate.clone()
    }

    async fn calculate_bulk(
        &self,
        context: &AccessContext,
        requests: Vec<CalculationRequest>,
    ) -> Result<Vec<Result<Calculation, CalculateError>>, Failure> {
        self.record(context, Asked::CalculateBulk(requests));
        self.calculate_bulk.clone()
    }

    async fn history(&self, _: &AccessContext) -> Result<Vec<Calculation>, Failure> {
        panic!("no route shows past calculations")
    }
}

#[async_trait]
impl TaskService for FakeDemonstrations {
    async fn run(&self, context: &AccessContext, request: TaskRequest) -> Result<TaskReport, TaskError> {
        self.record(context, Asked::Run(request));
        if self.endless {
            std::future::pending::<()>().await;
        }
        self.run.clone()
    }
}
