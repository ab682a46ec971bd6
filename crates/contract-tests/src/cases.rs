//! All cases.

mod accounts;
mod admissions;
mod announced;
mod best;
mod cancellations;
mod catalogue;
mod check_in;
mod chores;
mod course;
mod durability;
mod entries;
mod idempotency;
mod interruptions;
mod keeping;
mod lapses;
mod leases;
mod lists;
mod losses;
mod mails;
mod money;
mod operating;
mod outages;
mod publication;
mod races;
mod rejections;
mod returns;
mod sessions;
mod snapshots;
mod terms;
mod tickers;
mod tickets;
mod values;

use crate::Failure;
use crate::context::TestContext;
use futures::future::BoxFuture;
use std::sync::Arc;

pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) run: Run,
}

type Running<T> = BoxFuture<'static, Result<T, Failure>>;

pub(crate) enum Run {
    /// In one context.
    Once(fn(Arc<TestContext>) -> Running<()>),
    /// Opens the store again on the way; nobody else may hold on to it. Gives the last context back.
    Reopening(fn(Arc<TestContext>) -> Running<Arc<TestContext>>),
}

/// All cases.
pub(crate) fn cases() -> impl Iterator<Item = &'static Case> {
    CASES.iter().chain(REOPENING)
}

macro_rules! cases {
    ($($module:ident: $($name:ident),+;)+) => {
        const CASES: &[Case] = &[
            $($(Case { name: stringify!($name), run: Run::Once(|context| Box::pin($module::$name(context))) }),+),+
        ];
    };
}

macro_rules! reopening {
    ($($module:ident: $($name:ident),+;)+) => {
        const REOPENING: &[Case] = &[
            $($(Case { name: stringify!($name), run: Run::Reopening(|context| Box::pin($module::$name(context))) }),+),+
        ];
    };
}

cases! {
    rejections:
        a_rejection_leaves_nothing_behind,
        what_was_rejected_can_be_asked_for_again_with_its_key;
    races:
        one_seat_has_one_winner,
        the_limit_per_person_holds_under_parallel_holds,
        overlapping_holds_get_all_or_nothing,
        a_hold_is_paid_once,
        a_hold_is_paid_or_released,
        a_lapsed_hold_is_paid_or_taken_over,
        a_reservation_is_cancelled_once;
    best:
        the_best_block_that_can_be_had_is_held,
        a_plan_that_has_come_to_nothing_is_made_again,
        buyers_of_the_best_get_different_seats,
        a_best_hold_is_repeated_like_any_other;
    idempotency:
        the_same_key_at_once_is_carried_out_once,
        a_key_with_another_body_is_refused,
        a_repetition_is_told_what_happened_then,
        two_users_may_call_their_keys_the_same;
    lapses:
        a_seat_is_taken_over_when_the_grace_after_its_hold_is_over,
        a_late_payment_is_good_while_nobody_has_taken_the_seats,
        a_late_payment_keeps_to_the_limit,
        a_payment_that_is_too_late_takes_nothing,
        nothing_is_held_paid_or_cancelled_once_it_has_begun,
        marking_a_lapsed_hold_leaves_its_seats_alone,
        releasing_a_lapsed_hold_leaves_who_took_it_over_alone;
    money:
        a_charge_is_settled_once,
        what_was_settled_stays_so,
        nothing_goes_back_that_the_wallet_has_room_for,
        the_room_of_charges_is_kept_while_everything_happens_at_once,
        paying_and_charging_at_once_lose_no_points,
        a_free_seat_is_paid_with_nothing;
    tickets:
        a_seat_that_is_sold_again_gets_a_new_ticket,
        a_refund_is_like_a_cancellation_without_a_deadline,
        a_refund_keeps_its_reason;
    returns:
        some_seats_are_given_back_and_the_others_kept,
        what_was_returned_is_kept_with_its_reasons,
        returned_seats_no_longer_count,
        a_seat_is_returned_once,
        some_seats_and_all_at_once_are_refunded_once,
        returning_seats_is_repeated_like_anything_else;
    terms:
        a_deadline_that_was_promised_is_kept,
        a_payment_has_as_long_as_was_promised;
    values:
        a_reservation_of_fifty_line_items_is_kept_as_it_was,
        the_largest_values_are_kept_as_they_were;
    interruptions:
        a_caller_who_goes_away_leaves_nothing_half_done,
        an_unknown_commit_is_found_out;
    lists:
        reservations_are_listed_the_newest_first,
        wallet_entries_are_listed_the_newest_first,
        lapsed_holds_are_found_the_oldest_first,
        lapsed_holds_are_found_page_by_page,
        reservations_that_have_ended_leave_the_others_counted,
        unsettled_charges_are_found_the_oldest_first,
        seats_that_can_be_had_are_counted;
    snapshots:
        what_is_answered_is_in_the_next_snapshot,
        a_snapshot_ends_holds_when_their_seats_can_be_taken_over,
        after_a_rush_the_snapshot_is_what_readers_find;
    catalogue:
        a_save_names_the_revision_that_was_read,
        what_is_saved_is_kept_as_it_was,
        drafts_are_not_shown,
        concerts_and_their_performances_are_listed,
        a_performance_shows_its_published_sales_by_opening;
    publication:
        a_performance_is_published_whole_and_once,
        a_changed_seat_map_stops_a_publication,
        a_seat_map_of_a_public_performance_never_changes;
    cancellations:
        what_was_paid_for_a_cancelled_performance_is_given_back,
        what_is_sold_is_found_seat_by_seat;
    accounts:
        a_mailbox_has_one_account,
        an_email_address_has_one_account,
        an_account_is_kept_as_it_was,
        a_password_is_changed_where_it_is_the_known_one,
        of_changes_of_a_password_at_once_one_is_made,
        a_log_in_beside_a_changed_password_does_not_outlive_it;
    sessions:
        a_refresh_token_buys_its_successor,
        whoever_shows_a_token_at_once_gets_the_same_successor,
        a_successor_is_found_by_whichever_key_it_was_made,
        a_token_that_was_used_up_long_ago_ends_its_session,
        a_session_that_ends_while_its_token_is_shown_has_no_token,
        a_session_that_has_ended_takes_no_token,
        no_token_outlives_its_session,
        the_oldest_of_too_many_sessions_ends,
        log_ins_at_once_leave_no_more_sessions_than_one_may_have,
        a_session_is_not_begun_with_a_password_that_has_changed,
        ones_own_sessions_are_listed_the_newest_first,
        sessions_are_ended_by_their_owner_only,
        what_was_ended_is_told_while_its_access_tokens_are_out;
    mails:
        a_mail_that_is_promised_is_due_until_it_is_removed,
        of_those_who_find_a_mail_one_sends_it,
        a_code_is_replaced_after_a_minute_and_not_before,
        a_code_is_tried_five_times_and_for_a_quarter_of_an_hour,
        of_those_who_try_a_code_at_once_five_may,
        an_address_is_verified_once_with_its_code;
    keeping:
        old_idempotency_records_are_forgotten_a_few_at_a_time,
        old_refresh_tokens_are_forgotten_a_few_at_a_time,
        sessions_that_are_over_are_forgotten_a_few_at_a_time,
        a_probe_is_answered;
    chores:
        one_holder_has_a_chore_and_renews_it,
        a_chore_is_taken_over_when_its_lease_ends_and_not_before,
        each_chore_has_a_holder_of_its_own,
        a_chore_that_is_given_back_is_anybodys,
        of_those_who_ask_for_a_chore_at_once_one_gets_it,
        a_watermark_is_kept_beside_the_lease;
    entries:
        joining_twice_gives_the_same_entry,
        joins_at_once_get_numbers_one_after_the_other,
        a_worthless_entry_is_replaced_at_the_end,
        groups_and_sales_have_numbers_of_their_own,
        entries_are_listed_a_page_at_a_time,
        what_may_be_forgotten_can_still_be_read;
    check_in:
        a_tick_admits_the_lowest_ranks_checked_in,
        no_tick_admits_more_than_there_is_room_for,
        no_tick_admits_more_than_the_rate_allows,
        who_comes_late_comes_with_their_own_rank,
        who_is_absent_is_passed_over_and_keeps_the_entry,
        who_is_gone_for_long_is_no_longer_checked_in,
        whose_call_has_lapsed_must_have_come_before,
        who_is_barred_is_not_admitted,
        groups_take_turns_by_weight;
    admissions:
        picking_up_uses_the_number,
        an_admission_that_nobody_picks_up_is_given_again_after_a_check_in,
        a_renewal_goes_on_for_three_minutes_and_not_beyond_the_session,
        a_hold_needs_an_admission,
        a_hold_carries_the_admission_beyond_the_session,
        an_admission_is_free_once_every_clock_says_that_it_has_ended,
        leaving_frees_the_admission_once,
        paying_frees_the_admission_in_the_same_command,
        who_may_buy_more_keeps_the_admission,
        how_admissions_ended_is_counted;
    tickers:
        two_tickers_at_once_never_exceed_the_capacity,
        nothing_is_lost_while_people_book_and_queues_tick,
        no_change_of_a_queue_is_lost_between_its_ticks,
        who_is_admitted_and_leaves_at_once_is_admitted_or_not;
    operating:
        a_queue_is_opened_once_and_kept_as_it_was,
        an_operator_changes_what_they_name,
        a_smaller_capacity_admits_nobody_until_enough_have_gone,
        what_a_queue_does_is_what_its_phase_says,
        a_sale_that_closes_closes_its_queue,
        a_queue_waits_for_its_draw,
        what_operators_do_is_noted_with_it,
        what_operators_did_is_read_a_page_at_a_time,
        the_admission_log_is_read_a_page_at_a_time,
        a_bar_on_nobody_is_found_until_it_is_lifted;
    course:
        a_queue_that_closed_by_itself_goes_on_by_itself,
        a_queue_follows_the_dates_of_its_sale,
        a_sale_and_its_queue_become_public_together,
        a_queue_from_before_the_publication_is_replaced,
        a_queue_is_forgotten_after_a_month;
    outages:
        an_outage_of_ticks_gives_its_time_back,
        a_short_silence_of_ticks_gives_nothing_back,
        who_was_over_before_an_outage_stays_so;
    leases:
        a_ceiling_goes_up_and_never_down,
        the_next_epoch_begins_once_and_above_all_that_was_leased,
        leases_never_overlap,
        a_number_is_leased_or_handed_out_and_never_both;
    losses:
        who_has_a_token_keeps_the_entry_when_all_numbers_are_lost,
        numbers_after_a_loss_are_new_whoever_notices_it;
    announced:
        what_is_done_is_announced_once,
        what_is_refused_or_repeated_is_not_announced,
        what_races_is_announced_once;
}

reopening! {
    durability:
        a_booking_outlives_the_process,
        a_charge_outlives_the_process,
        the_catalogue_outlives_the_process,
        accounts_and_sessions_outlive_the_process,
        leases_and_watermarks_outlive_the_process,
        a_queue_outlives_the_process,
        numbers_outlive_the_process;
}
