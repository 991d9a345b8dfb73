//! What operators see of the mail queue, and what they do to it.

use std::collections::BTreeMap;

use chrono::Duration;
use denizen_models::{EmailAddress, MailJobResponse, MailJobState, UserId};
use denizen_services::{
    AccessContext, AccountService, Clock as _, Failure, MailError, MailJobError, MailJobList,
    MailJobListQuery, MailJobService as _,
    store::{AuditKind, MailJob, MailJobId, NewMailJob, StoreFailure, UnitOfWork, WriteStore as _},
};

use crate::support::{World, failing_members, from, member, stranger};

const NOBODY: MailJobId = MailJobId(i64::MAX);

fn service(world: &World) -> &AccountService {
    &world.accounts
}

async fn list(world: &World, query: &MailJobListQuery) -> MailJobList {
    service(world).list_mail_jobs(&AccessContext::system(), query).await.expect("mail jobs")
}

async fn in_state(world: &World, state: Option<MailJobState>) -> Vec<MailJobResponse> {
    list(world, &MailJobListQuery { state, ..MailJobListQuery::default() }).await.jobs
}

async fn refusal(world: &World, query: &MailJobListQuery) -> Vec<String> {
    match service(world).list_mail_jobs(&AccessContext::system(), query).await {
        Err(Failure::InvalidQuery(errors)) => failing_members(&errors),
        other => panic!("not refused: {other:?}"),
    }
}

async fn enqueue(world: &World, job: NewMailJob) {
    world.store.commit(UnitOfWork::new().enqueue_mail(job)).await.unwrap();
}

async fn notify(world: &World, user: UserId) {
    enqueue(
        world,
        NewMailJob::new(MailJob::PasswordChanged { user: user.into() }, &from("a change"), world.clock.now()),
    )
    .await;
}

/// A notice for alice, which no mail server will ever take.
async fn world_with_a_dead_job() -> (World, MailJobId) {
    let world = World::new();
    let alice = world.create("alice").await;
    world.administrator().await;
    notify(&world, alice.id).await;
    world.mailer.fail_next(1, MailError::Permanent("no such mailbox".into()));
    world.deliver_mail().await;
    let job = world.only_job().await;
    assert!(job.dead, "{job:?}");
    (world, job.id)
}

#[tokio::test]
async fn a_job_is_listed_with_all_that_an_operator_needs() {
    let (world, id) = world_with_a_dead_job().await;
    let requested_at = world.clock.now();
    let expected = MailJobResponse {
        id: id.0,
        kind: "password_changed",
        user_id: Some(UserId::new(1)),
        address: None,
        state: MailJobState::Dead,
        attempts: 1,
        requested_at,
        due_at: requested_at,
        reason: Some("no such mailbox".to_owned()),
        request_id: "a change".to_owned(),
    };
    assert_eq!(in_state(&world, None).await, [expected]);
}

#[tokio::test]
async fn of_an_address_the_beginning_and_the_domain_are_shown() {
    let world = World::new();
    let alice = world.create("alice").await;
    let now = world.clock.now();
    let address = EmailAddress::parse("Somebody.Else@Example.org").unwrap();
    enqueue(
        &world,
        NewMailJob::new(MailJob::PasswordReset { address: address.key().to_owned() }, &stranger(), now)
            .within(9),
    )
    .await;
    let change = NewMailJob::new(MailJob::EmailChange { user: alice.id.into(), address }, &stranger(), now);
    enqueue(&world, change).await;
    let shown: Vec<_> =
        in_state(&world, None).await.into_iter().map(|job| (job.user_id, job.address)).collect();
    let expected = [(None, "s***@example.org"), (Some(alice.id), "S***@Example.org")];
    assert_eq!(shown, expected.map(|(user, address)| (user, Some(address.to_owned()))));
}

#[tokio::test]
async fn the_list_is_narrowed_to_a_state() {
    let (world, dead) = world_with_a_dead_job().await;
    world.request_verification("bob@example.com").await;
    let ids = |jobs: Vec<MailJobResponse>| jobs.into_iter().map(|job| job.id).collect::<Vec<_>>();
    assert_eq!(ids(in_state(&world, Some(MailJobState::Dead)).await), [dead.0]);
    let waiting = in_state(&world, Some(MailJobState::Waiting)).await;
    assert_eq!(waiting.iter().map(|job| job.kind).collect::<Vec<_>>(), ["email_verification"]);
    assert_eq!(ids(in_state(&world, None).await), [dead.0, waiting[0].id]);
}

#[tokio::test]
async fn pages_show_every_job_once_although_some_are_done_meanwhile() {
    let world = World::new();
    let alice = world.create("alice").await;
    for _ in 0..4 {
        notify(&world, alice.id).await;
    }
    let all: Vec<_> = in_state(&world, None).await.into_iter().map(|job| job.id).collect();
    let page = |cursor| MailJobListQuery { limit: Some(2), cursor, ..MailJobListQuery::default() };
    let first = list(&world, &page(None)).await;
    service(&world).drop_mail_job(&AccessContext::system(), MailJobId(all[0])).await.unwrap();
    let second = list(&world, &page(first.next_cursor)).await;
    let seen: Vec<_> = first.jobs.iter().chain(&second.jobs).map(|job| job.id).collect();
    assert_eq!((seen, second.next_cursor), (all, None));
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_query_is_told_at_once_and_nothing_is_read() {
    let world = World::new();
    for limit in [0, 201, usize::MAX] {
        let cursor = Some("zz".to_owned());
        let query = MailJobListQuery { limit: Some(limit), cursor, ..MailJobListQuery::default() };
        let expected =
            ["limit: limit must be between 1 and 200", "cursor: cursor was not made for this list"];
        assert_eq!(refusal(&world, &query).await, expected);
    }
    assert_eq!(world.store.all_calls(), BTreeMap::new());
}

#[tokio::test]
async fn a_dead_job_that_is_retried_is_delivered() {
    let (world, id) = world_with_a_dead_job().await;
    world.clock.advance(Duration::days(3));
    service(&world).retry_mail_job(&world.administrator().await, id).await.unwrap();
    let job = world.only_job().await;
    assert_eq!((job.dead, job.attempts, job.due_at, job.reason), (false, 0, world.clock.now(), None));
    assert_eq!(world.deliver_mail().await, 1);
    assert_eq!(world.mailer.sent_to("alice@example.com").len(), 1);
    assert!(world.jobs().await.is_empty());
}

#[tokio::test]
async fn a_job_that_waits_for_its_next_attempt_need_not_wait() {
    let world = World::new();
    let alice = world.create("alice").await;
    notify(&world, alice.id).await;
    world.mailer.fail_next(1, MailError::Temporary("no connection".into()));
    world.deliver_mail().await;
    assert_eq!(world.deliver_mail().await, 0, "it is not due");
    let id = world.only_job().await.id;
    service(&world).retry_mail_job(&world.administrator().await, id).await.unwrap();
    assert_eq!(world.deliver_mail().await, 1);
}

#[tokio::test]
async fn a_dropped_job_is_gone() {
    let (world, id) = world_with_a_dead_job().await;
    service(&world).drop_mail_job(&world.administrator().await, id).await.unwrap();
    assert!(world.jobs().await.is_empty());
    assert_eq!(world.deliver_mail().await, 0);
}

/// Security checklist: 60.
#[tokio::test]
async fn what_an_operator_does_to_a_job_is_recorded() {
    let (world, id) = world_with_a_dead_job().await;
    service(&world).retry_mail_job(&world.administrator().await, id).await.unwrap();
    service(&world).drop_mail_job(&world.administrator().await, id).await.unwrap();
    let actor = world.find_at("the_administrator@example.com").await.map(|user| format!("user:{}", user.id));
    for kind in [AuditKind::MailRetried, AuditKind::MailDropped] {
        let events: Vec<_> = world.audit().await.into_iter().filter(|event| event.kind == kind).collect();
        let [event] = events.as_slice() else { panic!("{events:?}") };
        assert_eq!((Some(&event.actor), event.target), (actor.as_ref(), Some(UserId::new(1))));
    }
}

#[tokio::test]
async fn a_job_for_an_address_is_recorded_as_for_nobody_who_is_known() {
    let world = World::new();
    world.request_verification("bob@example.com").await;
    let id = world.only_job().await.id;
    service(&world).drop_mail_job(&world.administrator().await, id).await.unwrap();
    let event = world.audit().await.pop().expect("an event");
    assert_eq!((event.kind, event.target), (AuditKind::MailDropped, None));
}

#[tokio::test]
async fn an_unknown_job_is_not_found_and_nothing_is_recorded() {
    let (world, known) = world_with_a_dead_job().await;
    let before = world.audit().await;
    for id in [NOBODY, MailJobId(i64::MIN), MailJobId(0), MailJobId(known.0 - 1), MailJobId(known.0 + 1)] {
        let (retried, dropped) = (
            service(&world).retry_mail_job(&world.administrator().await, id).await,
            service(&world).drop_mail_job(&world.administrator().await, id).await,
        );
        assert_eq!((retried, dropped), (Err(MailJobError::NotFound), Err(MailJobError::NotFound)), "{id:?}");
    }
    assert_eq!(world.audit().await, before);
    assert_eq!(world.only_job().await.id, known);
}

#[tokio::test]
async fn a_job_that_is_finished_in_that_very_moment_is_not_found_and_nothing_is_recorded() {
    let (world, id) = world_with_a_dead_job().await;
    let rival = world.rival();
    world.before_next_commit(async move {
        service(&rival).drop_mail_job(&AccessContext::system(), id).await.unwrap();
    });
    let retried = service(&world).retry_mail_job(&world.administrator().await, id).await;
    assert_eq!(retried, Err(MailJobError::NotFound));
    assert_eq!(world.recorded(AuditKind::MailRetried).await, 0);
    assert_eq!(world.recorded(AuditKind::MailDropped).await, 1);
}

#[tokio::test]
async fn a_store_that_fails_is_not_a_job_that_is_missing() {
    let (world, id) = world_with_a_dead_job().await;
    let failure = StoreFailure::Busy("locked".into());
    world.fail_next_commit(failure.clone());
    let dropped = service(&world).drop_mail_job(&world.administrator().await, id).await;
    assert_eq!(dropped, Err(MailJobError::from(failure)));
    assert_eq!(world.only_job().await.id, id);
}

#[tokio::test]
async fn only_administrators_see_and_change_jobs() {
    let (world, id) = world_with_a_dead_job().await;
    world.store.reset();
    for context in [stranger(), member(UserId::new(1))] {
        for id in [id, NOBODY] {
            let retried = service(&world).retry_mail_job(&context, id).await;
            let dropped = service(&world).drop_mail_job(&context, id).await;
            assert_eq!(
                (retried, dropped),
                (
                    Err(MailJobError::Failure(Failure::Forbidden(
                        "only administrators can change mail jobs".into()
                    ))),
                    Err(MailJobError::Failure(Failure::Forbidden(
                        "only administrators can change mail jobs".into()
                    )))
                )
            );
        }
        for limit in [None, Some(0)] {
            let query = MailJobListQuery { limit, ..MailJobListQuery::default() };
            let listed = service(&world).list_mail_jobs(&context, &query).await;
            assert_eq!(listed, Err(Failure::Forbidden("only administrators can see mail jobs".into())));
        }
    }
    assert_eq!(world.store.all_calls(), BTreeMap::new());
    assert_eq!(world.only_job().await.id, id);
}
