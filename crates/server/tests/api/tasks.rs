//! Tasks end with the connection that asked for them.

use std::{fs, sync::Arc, time::Duration};

use async_trait::async_trait;
use denizen_models::{TaskReport, TaskRequest};
use denizen_services::{AccessContext, TaskError, TaskService};
use serde_json::json;
use tempfile::TempDir;
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, error::TryRecvError, unbounded_channel},
    time::timeout,
};

use crate::support::{
    TestServer, api,
    http::{Connection, Request},
    process::Process,
};

/// Longer than anything here takes; a test that hangs should say so.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug, PartialEq, Eq)]
enum Event {
    Begun,
    GivenUp,
}

/// Work that never ends, and tells when it begins and when somebody stops it.
struct Endless(UnboundedSender<Event>);

struct TellsWhenDropped<'a>(&'a Endless);

impl Drop for TellsWhenDropped<'_> {
    fn drop(&mut self) {
        self.0.tell(Event::GivenUp);
    }
}

impl Endless {
    fn tell(&self, event: Event) {
        // Nobody listens any more when the test is over.
        let _over = self.0.send(event);
    }
}

#[async_trait]
impl TaskService for Endless {
    async fn run(&self, _: &AccessContext, _: TaskRequest) -> Result<TaskReport, TaskError> {
        self.tell(Event::Begun);
        let _drop = TellsWhenDropped(self);
        std::future::pending().await
    }
}

fn task_request() -> Request {
    Request::post("/api/tasks").json(&json!({ "task_type": "basic", "task_count": 1 }))
}

async fn next(events: &mut UnboundedReceiver<Event>) -> Option<Event> {
    timeout(PATIENCE, events.recv()).await.expect("an event")
}

/// A server that works on a request of this connection until somebody stops it.
async fn endless_work() -> (TestServer, Connection, UnboundedReceiver<Event>) {
    let (sender, mut events) = unbounded_channel();
    let server = TestServer::start_with_tasks(Arc::new(Endless(sender))).await;
    let mut connection = Connection::open(server.address).await.expect("a server that listens");
    connection.write(&task_request().bytes(server.address)).await.expect("a request that can be sent");
    assert_eq!(next(&mut events).await, Some(Event::Begun));
    (server, connection, events)
}

#[tokio::test]
async fn work_is_given_up_when_the_client_hangs_up_and_not_before() {
    let (server, connection, mut events) = endless_work().await;
    api::get(server.address, 1).await.succeeded(200);
    assert_eq!(events.try_recv(), Err(TryRecvError::Empty));
    drop(connection);
    assert_eq!(next(&mut events).await, Some(Event::GivenUp));
    api::get(server.address, 1).await.succeeded(200);
}

#[tokio::test]
async fn many_clients_that_hang_up_leave_no_work_behind() {
    let (server, connection, mut events) = endless_work().await;
    drop(connection);
    assert_eq!(next(&mut events).await, Some(Event::GivenUp));
    for _ in 0..50 {
        let mut connection = Connection::open(server.address).await.expect("a server that listens");
        connection.write(&task_request().bytes(server.address)).await.expect("a request that can be sent");
        assert_eq!(next(&mut events).await, Some(Event::Begun));
        drop(connection);
        assert_eq!(next(&mut events).await, Some(Event::GivenUp));
    }
}

#[tokio::test]
async fn demonstrations_can_be_switched_off() {
    let folder = TempDir::new().expect("a temporary folder");
    fs::write(folder.path().join("denizen.toml"), "demo_routes = false\n").expect("a file");
    let server = Process::start(folder.path()).await;
    let calculation = Request::post("/api/calculate").json(&json!({ "operation": "add" }));
    for request in [task_request(), calculation, Request::get("/api/goroutines")] {
        let body = request.send(server.address).await.refused(404, "NOT_FOUND");
        assert_eq!(body["error"], "Not found");
    }
}
