//! What commits take away, and from whom.

use chrono::Duration;
use denizen_models::{ADMIN_ROLE, User, UserId, UserValues};
use denizen_services::{
    AccessContext, Clock as _, Connection, MessageService as _,
    store::{CommitError, SessionId, UnitOfWork, WriteStore as _},
};

use super::{Chat, acting, assert_silent, is_revoked, next, saying, session_of, username};

/// Alice on her phone and, twice, on her laptop; and Bob.
struct Guests {
    chat: Chat,
    alice: User,
    phone: SessionId,
    laptop: SessionId,
    connections: [(&'static str, Connection); 4],
}

impl Guests {
    async fn arrive(chat: Chat) -> Self {
        let (alice, bob) = (chat.world.create("alice").await, chat.world.create("bob").await);
        let (phone, laptop) = (chat.sign_in(&alice).await, chat.sign_in(&alice).await);
        let connections = [
            ("phone", chat.connect_as(&phone)),
            ("laptop", chat.connect_as(&laptop)),
            ("tab", chat.connect_as(&laptop)),
            ("bob", chat.connect_as(&chat.sign_in(&bob).await)),
        ];
        Self { chat, alice, phone: session_of(&phone), laptop: session_of(&laptop), connections }
    }

    /// Commits, and says whose connections ended by that.
    async fn see(&mut self, work: UnitOfWork) -> Vec<&'static str> {
        self.chat.world.store.commit(work).await.expect("a commit");
        self.ended()
    }

    fn ended(&mut self) -> Vec<&'static str> {
        let connections = self.connections.iter_mut();
        connections.filter_map(|(name, connection)| is_revoked(connection).then_some(*name)).collect()
    }

    /// Replaces Alice.
    fn update(&self, edit: impl FnOnce(&mut UserValues)) -> UnitOfWork {
        let mut values = self.alice.values.clone();
        edit(&mut values);
        let now = self.chat.world.clock.now();
        UnitOfWork::new().update_user(self.alice.id, self.alice.revision, values, now)
    }
}

/// Who is shown out by this.
async fn ended_by(work: impl FnOnce(&Guests) -> UnitOfWork) -> Vec<&'static str> {
    let mut guests = Guests::arrive(Chat::new()).await;
    let work = work(&guests);
    guests.see(work).await
}

#[tokio::test]
async fn a_session_takes_its_connections_with_it() {
    let ended = ended_by(|guests| UnitOfWork::new().revoke_session(guests.alice.id, guests.laptop)).await;
    assert_eq!(ended, ["laptop", "tab"]);
}

#[tokio::test]
async fn all_sessions_of_a_user_do_so_but_for_one_that_stays() {
    let ended =
        ended_by(|guests| UnitOfWork::new().revoke_sessions(guests.alice.id, Some(guests.phone))).await;
    assert_eq!(ended, ["laptop", "tab"]);
    let ended = ended_by(|guests| UnitOfWork::new().revoke_sessions(guests.alice.id, None)).await;
    assert_eq!(ended, ["phone", "laptop", "tab"]);
}

#[tokio::test]
async fn whoever_is_deleted_or_switched_off_is_shown_out() {
    let ended = ended_by(|guests| UnitOfWork::new().delete_user(guests.alice.id, None)).await;
    assert_eq!(ended, ["phone", "laptop", "tab"]);
    let ended = ended_by(|guests| guests.update(|values| values.active = false)).await;
    assert_eq!(ended, ["phone", "laptop", "tab"]);
}

#[tokio::test]
async fn whoever_gets_another_name_or_other_roles_connects_anew_with_them() {
    for name in ["alicia", "Alice"] {
        let ended = ended_by(|guests| guests.update(|values| values.username = username(name))).await;
        assert_eq!(ended, ["phone", "laptop", "tab"], "{name}");
    }
    let mut guests = Guests::arrive(Chat::new()).await;
    let promotion = guests.update(|values| values.roles.push(ADMIN_ROLE.to_owned()));
    assert_eq!(guests.see(promotion).await, ["phone", "laptop", "tab"]);

    let alice = guests.chat.world.find(guests.alice.id).await.expect("Alice");
    let mut phone = guests.chat.connect_as(&guests.chat.sign_in(&alice).await);
    assert_eq!(guests.chat.connected(), ["alice", "bob"]);
    assert!(!is_revoked(&mut phone));
}

#[tokio::test]
async fn other_changes_leave_everybody_where_they_are() {
    let mut guests = Guests::arrive(Chat::new()).await;
    let (id, now) = (guests.alice.id, guests.chat.world.clock.now());
    let work = guests
        .update(|values| values.first_name = "Alicia".to_owned())
        .verify_email(id, now)
        .revoke_tokens(id)
        .revoke_sessions(UserId::new(999), None);
    assert_eq!(guests.see(work).await, [""; 0]);
    assert_eq!(guests.chat.connected(), ["alice", "bob"]);
}

#[tokio::test]
async fn what_is_not_committed_takes_nothing_away() {
    let mut guests = Guests::arrive(Chat::new()).await;
    let bob = UserId::new(guests.alice.id.get() + 1);
    let work = UnitOfWork::new().revoke_sessions(guests.alice.id, None).revoke_session(bob, guests.phone);
    let failed = guests.chat.world.store.commit(work).await;
    assert!(matches!(failed, Err(CommitError::PreconditionFailed(_))), "{failed:?}");
    assert_eq!(guests.ended(), [""; 0]);
}

#[tokio::test]
async fn the_others_see_a_user_leave_with_the_last_session() {
    let mut guests = Guests::arrive(Chat::new()).await;
    let (alice, store) = (guests.alice.id, guests.chat.world.store.clone());
    let [.., (_, bob)] = &mut guests.connections;
    store.commit(UnitOfWork::new().revoke_session(alice, guests.laptop)).await.expect("a commit");
    assert_silent(bob);
    store.commit(UnitOfWork::new().revoke_session(alice, guests.phone)).await.expect("a commit");
    let left = next(bob);
    assert_eq!((&left["type"], &left["from"]), (&"user_left".into(), &"alice".into()));
    assert_eq!(guests.chat.connected(), ["bob"]);
}

#[tokio::test]
async fn the_service_does_it_as_well_as_the_store() {
    let mut guests = Guests::arrive(Chat::new()).await;
    guests.chat.world.switch_off(guests.alice.id).await;
    assert_eq!(guests.ended(), ["phone", "laptop", "tab"]);
}

/// Names and roles are true of one user at a time, so that the later of two connections knows better.
#[tokio::test]
async fn of_two_connections_that_cannot_both_be_true_the_older_one_ends() {
    let chat = Chat::new();
    let connect = |user, name, role: &str| {
        chat.connect_as(&acting(UserId::new(user), username(name), SessionId(user), vec![role.to_owned()]))
    };
    let (mut alice, mut bob) = (connect(1, "alice", "user"), connect(2, "bob", "user"));
    let mut alicia = connect(1, "alicia", "user");
    assert!(is_revoked(&mut alice), "Alice has another name now");
    assert_eq!(chat.connected(), ["alicia", "bob"]);
    let mut namesake = connect(3, "Alicia", "user");
    assert!(is_revoked(&mut alicia), "and somebody else has hers");
    let mut admin = connect(3, "Alicia", ADMIN_ROLE);
    assert!(is_revoked(&mut namesake), "who is an administrator now");
    assert!(!is_revoked(&mut bob));
    assert_eq!(chat.connected(), ["Alicia", "bob"]);
    assert_eq!(chat.messages.direct(&AccessContext::system(), "alicia", saying("hi")), Ok(1));
    assert_eq!(next(&mut admin)["content"]["text"], "hi");
}

mod elsewhere {
    //! The same in a process that has to ask.

    use denizen_services::store::Purge;

    use super::*;

    /// Who is shown out by this once the store is asked.
    async fn ended_by(work: impl FnOnce(&Guests) -> UnitOfWork) -> Vec<&'static str> {
        let mut guests = Guests::arrive(Chat::uninformed()).await;
        let work = work(&guests);
        assert_eq!(guests.see(work).await, [""; 0], "nobody has told");
        guests.chat.sweep().await;
        guests.ended()
    }

    #[tokio::test]
    async fn a_session_takes_its_connections_with_it() {
        let ended = ended_by(|guests| UnitOfWork::new().revoke_session(guests.alice.id, guests.laptop)).await;
        assert_eq!(ended, ["laptop", "tab"]);
        let ended =
            ended_by(|guests| UnitOfWork::new().revoke_sessions(guests.alice.id, Some(guests.laptop))).await;
        assert_eq!(ended, ["phone"]);
        let ended = ended_by(|guests| UnitOfWork::new().delete_user(guests.alice.id, None)).await;
        assert_eq!(ended, ["phone", "laptop", "tab"]);
    }

    #[tokio::test]
    async fn sessions_that_the_store_chooses_take_theirs_too() {
        let ended = ended_by(|guests| UnitOfWork::new().trim_sessions(guests.alice.id, 1)).await;
        assert_eq!(ended, ["phone"]);
        let ended = ended_by(|guests| {
            let later = guests.chat.world.clock.now() + Duration::days(365);
            UnitOfWork::new().purge(Purge {
                expired_at: later,
                sessions_unseen_since: later,
                dead_mail_before: later,
                audit_before: None,
                mail_due_by: later,
                usernames_freed_until: later,
                limit: 100,
            })
        })
        .await;
        assert_eq!(ended, ["phone", "laptop", "tab", "bob"]);
    }
}
