//! The one list of cases.

/// Makes one test of every case of the contract suite.
///
/// The argument is an async closure or function that makes a fresh, empty store: see
/// [`Made`](crate::contract::Made). What it needs of an executor is there: each test has a tokio runtime of its own.
///
/// ```
/// use std::sync::Arc;
/// use denizen_services::memory::InMemoryStore;
///
/// denizen_testkit::store_contract!(async || Arc::new(InMemoryStore::new()));
/// ```
///
/// A store in a folder that is to disappear after the test: `async || { … (store, folder) }`.
#[macro_export]
macro_rules! store_contract {
    ($make_store:expr) => {
        $crate::for_each_store_case! { [$crate::store_contract_tests] [$make_store] }
    };
}

/// One test per case.
#[doc(hidden)]
#[macro_export]
macro_rules! store_contract_tests {
    ([$make_store:expr] $($file:ident: $($case:ident)*;)*) => {$($(
        #[test]
        fn $case() {
            $crate::contract::run($make_store, $crate::contract::$case);
        }
    )*)*};
}

/// Hands all cases, file by file, to another macro.
#[doc(hidden)]
#[macro_export]
macro_rules! for_each_store_case {
    ([$($then:tt)+] $($arguments:tt)*) => { $($then)+! { $($arguments)*
        users:
            an_inserted_user_is_found_by_id_name_and_address
            names_and_addresses_are_found_whatever_their_case
            what_is_not_there_is_none_and_no_error
            the_first_password_is_kept_and_may_be_missing
            a_taken_name_is_a_conflict_whatever_its_case
            a_taken_address_is_a_conflict_whatever_its_case
            the_name_is_looked_at_before_the_address
            an_update_cannot_take_the_name_or_the_address_of_another
            an_update_may_change_the_case_of_its_own_name_and_address
            names_and_addresses_are_free_again_after_an_update_or_a_delete
            user_ids_only_grow_and_none_is_given_twice
            a_deleted_user_is_gone_and_can_be_deleted_once
            nothing_can_be_given_to_a_deleted_user
        ;
        versions:
            a_new_user_begins_with_both_versions_at_one
            an_update_replaces_the_values_and_raises_the_revision
            an_update_of_another_revision_fails
            a_deletion_of_another_revision_fails
            the_security_version_grows_with_address_status_and_roles
            the_security_version_stays_when_nothing_else_changes
            setting_a_password_keeps_it_and_raises_both_versions
            an_update_leaves_the_password_alone
            confirming_an_address_raises_the_revision_once
            expecting_a_user_writes_nothing
            tokens_sessions_and_mail_leave_the_versions_alone
        ;
        interleavings:
            no_token_is_put_on_a_stale_reading
            no_password_is_set_on_a_stale_reading
            no_session_is_opened_on_a_stale_reading
            no_value_is_replaced_on_a_stale_reading
            no_user_is_deleted_on_a_stale_reading
        ;
        units:
            every_change_gives_its_outcome_in_its_place
            every_change_is_taken_back_when_its_unit_fails
            every_change_fails_or_does_nothing_without_its_row
            a_deletion_is_taken_back_with_all_that_it_removed
            changes_see_what_the_unit_did_before_them
            a_user_can_be_referred_to_by_the_unit_that_creates_it
            the_first_failing_change_names_the_error
            a_stale_version_is_named_before_a_conflict
            a_unit_that_makes_no_sense_is_refused_before_anything_else
            an_empty_unit_changes_nothing
            each_unit_of_a_batch_succeeds_or_fails_for_itself
            a_large_batch_is_answered_in_order
        ;
        tokens:
            a_token_is_found_until_it_is_consumed_even_if_it_expired
            a_token_is_dead_from_the_instant_it_expires
            a_token_opens_nothing_for_another_user_hash_or_purpose
            a_new_token_replaces_the_one_of_the_same_user_and_purpose
            revoking_removes_every_token_of_the_user_and_counts_them
            the_tokens_of_a_deleted_user_are_gone
        ;
        sessions:
            an_open_session_is_found_by_its_secret
            no_session_is_opened_for_a_user_who_is_not_there
            an_expired_session_is_still_found
            revoking_ends_the_sessions_of_one_user
            revoking_can_spare_one_session
            touching_moves_sessions_forward_and_never_back
            touching_never_revives_a_session
            session_ids_only_grow_and_none_is_given_twice
            the_sessions_of_a_deleted_user_are_gone
        ;
        mail_queue:
            a_queued_job_waits_until_it_is_done
            a_second_request_for_an_address_renews_its_job
            a_renewed_job_is_about_the_newest_request
            a_dead_job_comes_alive_with_a_new_request
            kinds_of_mail_for_one_address_are_jobs_of_their_own
            a_user_gets_a_new_job_each_time
            strangers_find_the_queue_full_at_its_capacity
            jobs_for_users_and_dead_jobs_take_no_room
            mail_job_ids_only_grow_and_none_is_given_twice
            the_mail_jobs_of_a_deleted_user_are_gone
            a_job_for_a_created_user_goes_with_its_failing_unit
            an_address_can_ask_again_when_its_job_is_done
        ;
        mail_leases:
            a_leased_job_tells_all_about_its_request
            jobs_are_leased_when_due_and_the_oldest_first
            a_leased_job_is_nobody_elses_until_the_lease_ends
            a_lease_that_ended_is_good_until_somebody_else_has_it
            a_failed_job_is_tried_again_at_its_time
            a_dead_job_is_kept_and_never_tried_again
            a_request_during_the_sending_is_not_forgotten
            a_lease_of_another_number_or_generation_is_none
            a_job_that_nobody_leased_has_no_lease
            workers_who_race_for_jobs_never_share_one
        ;
        limits:
            as_many_as_a_bucket_holds_can_be_taken_at_once
            who_finds_a_bucket_empty_is_told_to_the_microsecond_when_it_is_not
            to_be_refused_costs_nothing
            a_bucket_that_was_left_alone_is_full_and_no_fuller
            buckets_do_not_know_of_each_other
            of_several_buckets_all_are_taken_from_or_none
            a_unit_that_is_refused_changes_nothing
            a_clock_that_goes_back_gives_nothing_back
            without_room_the_buckets_nearest_to_full_are_forgotten
            full_buckets_make_room_before_others
            takers_who_race_get_no_more_than_there_is
            a_secret_is_the_first_candidate_for_ever
            processes_that_race_for_a_secret_agree_on_one
        ;
        listing:
            paging_visits_everybody_once_in_every_order
            an_empty_list_has_one_empty_page
            a_bookmark_is_that_of_the_last_user_shown
            filters_choose_by_role_and_status
            filtered_lists_are_paged_as_exactly
            users_who_come_and_go_neither_repeat_nor_hide_others
            a_name_that_passed_on_is_before_or_behind_the_bookmark_by_its_id
            a_list_follows_every_change
        ;
        search:
            three_characters_are_found_anywhere_in_a_name
            one_or_two_characters_are_found_at_the_beginning_of_a_name
            addresses_are_searched_only_when_asked
            case_width_and_composition_do_not_matter_to_a_search
            a_search_counts_characters_and_not_bytes
            every_character_of_a_search_is_meant_literally
            a_search_is_found_in_one_piece_and_in_one_name
            a_search_can_be_filtered_and_paged
            a_search_in_another_order_than_by_id_is_malformed
            a_search_follows_every_change
        ;
        audit:
            the_audit_trail_is_read_newest_first
            an_audit_event_is_kept_as_it_was
            the_audit_trail_remembers_deleted_users
            a_failed_unit_leaves_no_audit_event
        ;
        round_trip:
            every_value_of_a_user_survives_insertion_and_update
            an_empty_profile_is_not_a_missing_one
            every_instant_survives_to_the_microsecond
            every_part_of_a_session_survives
        ;
        races:
            of_fifty_confirmations_of_one_token_one_succeeds
            of_fifty_insertions_of_one_name_or_address_one_succeeds
            of_fifty_changes_of_one_version_one_succeeds
            of_fifty_deletions_one_succeeds
            of_changes_and_deletions_of_one_revision_one_succeeds
            requests_that_race_for_one_address_become_one_job
            requests_that_race_for_the_last_room_do_not_overfill_it
            ids_grow_even_when_insertions_race
            a_read_begun_after_the_answer_sees_the_commit
            a_commit_happens_even_if_its_caller_goes_away
            a_store_answers_a_ping
        ;
        observers:
            observers_are_told_before_the_caller
            what_observers_are_told_has_happened
            observers_are_told_in_the_order_of_the_commits
            observers_are_told_even_if_the_caller_goes_away
            observers_are_not_told_of_what_failed
            observers_are_told_of_each_good_unit_of_a_batch
            a_panicking_observer_breaks_nothing
            observers_are_told_only_of_commits_from_then_on
        ;
    } };
}
