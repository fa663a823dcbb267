//! What becomes of each call? Rows of a small language; a new case is a new row.
//!
//! A row is a call and, after `->`, how it must end, or a statement that must be true. Rows are decided
//! one after another, each in a batch of its own; one that begins with `&` joins the batch of the row above.
//! After every batch the books must balance.
//!
//! ```text
//! merchant M1 min=100 frozen=yes                  M1 as it was, but for this; the names are in `alter`
//! add      M2                           -> stored as above, but never in the place of another
//! top-up   M1 1000 ref=T1               -> in 1000
//! send     M1 B1 600 to=alice           -> sent   and perhaps: scene, shares=2, payer=M2
//! claim    B1 alice                     -> claimed 600   and perhaps: app=wx2
//! expire   B1                           -> not_yet
//! expire                                -> refunded 600  whatever is due
//! clock    1h                           -> set    the sandbox's clock, counted from noon
//! policy   live fails=12h expires=72h             what the deployment has chosen
//! tick     24h -1ms                               time goes on, or back
//! books    M1=400 alice=0 B1=600                  funds, wallets, escrows
//! status   B1 sent
//! time     1h                                     what the clock shows, counted from noon
//! ```
//!
//! It begins at noon in Beijing, in a sandbox. `B1` is a bill number of `M1`, `M2/B1` one of `M2`.

use std::collections::HashMap;
use std::fmt::Write as _;

use hongbao_engine::batch::{Answer, Attempt, Batch};
use hongbao_engine::command::{ClaimShare, Command, ExpirePacket, SendPacket, SetClock, TopUp};
use hongbao_engine::decide::Policy;
use hongbao_engine::directory::Merchant;
use hongbao_engine::ledger::{LedgerAccount, Transfer};
use hongbao_engine::outcome::{
    Accepted, ClaimRejection, Claimed, ClockRejection, Difference, Expired, Outcome, PutRejection, SendOutcome,
    SendRejection, TopUpRejection,
};
use hongbao_engine::packet::{BillKey, Claim, Decline, Due, Packet, PacketStatus, Product};
use hongbao_engine::rows::KeySet;
use hongbao_store::memory::Tables;
use hongbao_types::{Fen, MerchantId, PacketId, Reference, Timestamp};

use crate::{HOUR_MS, MINUTE_MS, NOON, app_id, bill_key, merchant_id, openid, packet_id, put_merchant, texts};

#[test]
fn a_packet_is_sent_and_opened() {
    check(
        "
        merchant M1
        top-up   M1 1000 ref=T1             -> in 1000
        books    M1=1000 alice=0 B1=0
        send     M1 B1 600 to=alice         -> sent
        status   B1 sent
        books    M1=400 alice=0 B1=600
        claim    B1 alice                   -> claimed 600
        status   B1 received
        books    M1=400 alice=600 B1=0
        tick     24h
        expire                              -> nothing
        status   B1 received
        claim    B1 alice                   -> replay 600
        books    M1=400 alice=600 B1=0
        ",
    );
}

#[test]
fn what_nobody_opens_goes_back() {
    check(
        "
        merchant M1
        top-up   M1 1000 ref=T1             -> in 1000
        send     M1 B1 600 to=alice         -> sent
        send     M1 B2 100 to=bob           -> sent
        claim    B2 bob                     -> claimed 100
        tick     24h
        status   B1 refunding
        books    M1=300 alice=0 bob=100 B1=600 B2=0
        expire                              -> refunded 600
        expire                              -> nothing
        expire   B1                         -> already_done
        expire   B2                         -> already_done
        status   B1 refunded 600 at 24h
        status   B2 received
        books    M1=900 alice=0 bob=100 B1=0 B2=0
        ",
    );
}

#[test]
fn money_that_came_back_is_sent_again() {
    check(
        "
        merchant M1
        top-up   M1 600 ref=T1              -> in 600
        send     M1 B1 600 to=alice         -> sent
        send     M1 B2 600 to=alice         -> landed(insufficient_funds)
        tick     24h -1ms
        expire                              -> nothing
        send     M1 B2 600 to=alice         -> landed(insufficient_funds)
        send     M1 B3 600 to=alice         -> landed(insufficient_funds)
        tick     1ms
        expire                              -> refunded 600, failed
        send     M1 B3 600 to=alice         -> sent
        books    M1=0 B1=0 B2=0 B3=600
        ",
    );
}

#[test]
fn who_pays_need_not_be_whose_number_it_is() {
    check(
        "
        merchant M1
        merchant M2
        top-up   M2 1000 ref=T1             -> in 1000
        send     M1 B1 600 to=alice payer=M2 -> sent
        send     M1 B1 600 to=alice payer=M2 -> replay
        send     M1 B1 600 to=alice         -> reused(terms)
        books    M1=0 M2=400 B1=600
        tick     24h
        expire                              -> refunded 600
        books    M1=0 M2=1000 B1=0
        ",
    );
}

#[test]
fn two_merchants_may_choose_the_same_number() {
    check(
        "
        merchant M1
        merchant M2
        top-up   M1 1000 ref=T1             -> in 1000
        top-up   M2 1000 ref=T2             -> in 1000
        send     M1 B1 600 to=alice         -> sent
        send     M2 B1 300 to=bob           -> sent
        books    M1=400 M2=700 B1=600 M2/B1=300
        claim    B1 bob                     -> not_the_recipient
        claim    M2/B1 bob                  -> claimed 300
        status   B1 sent
        status   M2/B1 received
        ",
    );
}

#[test]
fn a_call_sees_what_the_one_before_it_in_its_batch_did() {
    check(
        "
        merchant M1 minute=4
        top-up   M1 600 ref=T1              -> in 600
        & top-up M1 600 ref=T1              -> in 600
        & top-up M1 601 ref=T1              -> reused(M1 600)
        books    M1=600
        send     M1 B1 500 to=alice         -> sent
        & send   M1 B1 500 to=alice         -> replay
        & send   M1 B1 500 to=bob           -> reused(recipient)
        & send   M1 B2 99 to=alice          -> out_of_range(100..20000)
        & send   M1 B3 500 to=alice         -> landed(insufficient_funds)
        & top-up M1 400 ref=T2              -> in 400
        & send   M1 B3 500 to=alice         -> sent
        & send   M1 B4 100 to=alice         -> landed(insufficient_funds)
        & send   M1 B5 100 to=alice         -> packets_per_minute
        status   B2 none
        status   B3 sent
        status   B5 none
        books    M1=0 B1=500 B3=500
        claim    B1 bob                     -> not_the_recipient
        & claim  B1 alice                   -> claimed 500
        & claim  B1 alice                   -> replay 500
        & expire B1                         -> already_done
        & claim  B4 alice                   -> not_sent
        books    M1=0 alice=500 B1=0 B3=500
        ",
    );
}

#[test]
fn nothing_changes_a_landed_packet_but_the_same_call() {
    check(
        "
        merchant M1
        merchant M2
        send     M1 B1 600 to=alice         -> landed(insufficient_funds)
        top-up   M1 1000 ref=T1             -> in 1000
        send     M1 B1 600 to=bob           -> reused(recipient)
        send     M1 B1 500 to=alice         -> reused(total)
        send     M1 B1 600 to=alice shares=2 -> reused(terms)
        send     M1 B1 600 to=alice payer=M2 -> reused(terms)
        status   B1 sending(insufficient_funds)
        books    M1=1000 B1=0
        send     M1 B1 600 to=alice         -> sent
        books    M1=400 B1=600
        ",
    );
}

#[test]
fn nothing_changes_an_open_packet() {
    check(
        "
        merchant M1
        merchant M2
        top-up   M1 1000 ref=T1             -> in 1000
        send     M1 B1 600 to=alice         -> sent
        tick     1h
        send     M1 B1 600 to=alice         -> replay
        send     M1 B1 600 to=alice scene   -> replay
        send     M1 B1 600 to=bob           -> reused(recipient)
        send     M1 B1 500 to=alice         -> reused(total)
        send     M1 B1 600 to=alice shares=2 -> reused(terms)
        send     M1 B1 600 to=alice payer=M2 -> reused(terms)
        books    M1=400 M2=0 B1=600
        tick     23h
        status   B1 refunding
        send     M1 B1 600 to=alice         -> replay
        send     M1 B1 600 to=bob           -> reused(recipient)
        books    M1=400 B1=600
        ",
    );
}

#[test]
fn nothing_changes_an_exhausted_packet() {
    check(
        "
        merchant M1
        top-up   M1 1000 ref=T1             -> in 1000
        send     M1 B1 600 to=alice         -> sent
        claim    B1 alice                   -> claimed 600
        tick     1h
        send     M1 B1 600 to=alice         -> replay
        send     M1 B1 600 to=bob           -> reused(recipient)
        send     M1 B1 500 to=alice         -> reused(total)
        send     M1 B1 600 to=alice shares=2 -> reused(terms)
        claim    B1 alice                   -> replay 600
        status   B1 received
        books    M1=400 alice=600 B1=0
        ",
    );
}

#[test]
fn nothing_changes_a_refunded_packet() {
    check(
        "
        merchant M1
        top-up   M1 1000 ref=T1             -> in 1000
        send     M1 B1 600 to=alice         -> sent
        tick     24h
        expire                              -> refunded 600
        send     M1 B1 600 to=alice         -> replay
        send     M1 B1 600 to=bob           -> reused(recipient)
        send     M1 B1 500 to=alice         -> reused(total)
        send     M1 B1 600 to=alice shares=2 -> reused(terms)
        claim    B1 alice                   -> expired
        status   B1 refunded 600 at 24h
        books    M1=1000 alice=0 B1=0
        ",
    );
}

#[test]
fn nothing_changes_a_failed_packet() {
    check(
        "
        merchant M1
        send     M1 B1 600 to=alice         -> landed(insufficient_funds)
        top-up   M1 1000 ref=T1             -> in 1000
        tick     24h
        expire                              -> failed
        send     M1 B1 600 to=alice         -> failed
        send     M1 B1 600 to=bob           -> reused(recipient)
        send     M1 B1 500 to=alice         -> reused(total)
        send     M1 B1 600 to=alice shares=2 -> reused(terms)
        claim    B1 alice                   -> not_sent
        expire   B1                         -> already_done
        status   B1 failed(insufficient_funds)
        books    M1=1000 alice=0 B1=0
        ",
    );
}

#[test]
fn a_replay_is_answered_whatever_has_become_of_the_merchant() {
    check(
        "
        merchant M1 minute=1
        top-up   M1 600 ref=T1              -> in 600
        send     M1 B1 600 to=alice         -> sent
        merchant M1 minute=0 frozen=yes min=700 person-packets=0 person-amount=0 day-amount=0
        send     M1 B1 600 to=alice         -> replay
        claim    B1 alice                   -> claimed 600
        send     M1 B1 600 to=alice         -> replay
        ",
    );
}

#[test]
fn rejections_and_declines_come_in_the_order_in_which_they_are_declared() {
    let rows = "
        merchant M1
        send     M1 B1 600 to=alice         -> landed(insufficient_funds)
        tick     24h
        expire                              -> failed
        top-up   M1 1000 ref=T1             -> in 1000
        send     M1 B2 1000 to=alice        -> sent
        merchant M1 min=601 scene-below=601 minute=1
        merchant M1 frozen=yes person-packets=1 person-amount=1599 day-amount=1599

        send     M1 B1 500 to=bob shares=2  -> reused(recipient)
        send     M1 B1 500 to=alice shares=2 -> reused(total)
        send     M1 B1 600 to=alice shares=2 -> reused(terms)
        send     M1 B1 600 to=alice         -> failed
        send     M1 B3 600 to=alice         -> out_of_range(601..20000)
        merchant M1 min=600
        send     M1 B3 600 to=alice         -> scene_required
        send     M1 B3 600 to=alice scene   -> packets_per_minute
        status   B3 none
        merchant M1 minute=9
        send     M1 B3 600 to=alice scene   -> landed(frozen)
        merchant M1 frozen=no
        send     M1 B3 600 to=alice scene   -> landed(recipient_packets_per_day)
        merchant M1 person-packets=2
        send     M1 B3 600 to=alice scene   -> landed(recipient_amount_per_day)
        merchant M1 person-amount=1600
        send     M1 B3 600 to=alice scene   -> landed(amount_per_day)
        merchant M1 day-amount=1600
        send     M1 B3 600 to=alice scene   -> landed(insufficient_funds)
        top-up   M1 600 ref=T2              -> in 600
        send     M1 B3 600 to=alice scene   -> sent
        send     M1 B3 600 to=alice scene   -> replay
        ";
    check(rows);
    let (_, walk) = rows.split_once("\n\n").expect("what is prepared, and the walk");
    let declines: Vec<_> = walk.split("landed(").skip(1).map(|rest| rest.split_once(')').unwrap().0).collect();
    assert_eq!(declines, Decline::ALL.map(Decline::name), "the walk passes every decline, in order");
}

#[test]
fn an_amount_on_the_bound_is_within() {
    check(
        "
        merchant M1
        top-up   M1 20100 ref=T1            -> in 20100
        send     M1 B1 99 to=alice          -> out_of_range(100..20000)
        send     M1 B1 20001 to=alice       -> out_of_range(100..20000)
        send     M1 B1 0 to=alice scene     -> out_of_range(100..20000)
        send     M1 B1 20001 to=alice scene -> out_of_range(100..20000)
        status   B1 none
        send     M1 B1 100 to=alice         -> sent
        send     M1 B2 20000 to=alice       -> sent
        books    M1=0 B1=100 B2=20000
        ",
    );
}

#[test]
fn beyond_the_usual_amounts_a_scene_is_needed() {
    check(
        "
        merchant M1 min=1 max=50000
        top-up   M1 60200 ref=T1            -> in 60200
        send     M1 B1 99 to=alice          -> scene_required
        send     M1 B2 20001 to=bob         -> scene_required
        status   B1 none
        send     M1 B1 99 to=alice scene    -> sent
        send     M1 B2 20001 to=bob scene   -> sent
        send     M1 B3 100 to=alice         -> sent
        send     M1 B4 20000 to=bob         -> sent
        send     M1 B5 0 to=alice scene     -> out_of_range(1..50000)
        send     M1 B5 50001 to=alice scene -> out_of_range(1..50000)
        send     M1 B5 20000 to=alice scene -> sent
        books    M1=0 B1=99 B2=20001 B3=100 B4=20000 B5=20000
        ",
    );
}

#[test]
fn so_many_packets_a_minute_and_no_more() {
    check(
        "
        merchant M1 minute=2
        merchant M2
        top-up   M1 1000 ref=T1             -> in 1000
        tick     20s
        send     M1 B1 100 to=alice         -> sent
        send     M1 B1 100 to=alice         -> replay
        send     M1 B1 200 to=alice         -> reused(total)
        send     M1 B2 99 to=alice          -> out_of_range(100..20000)
        send     M1 B2 100 to=bob           -> sent
        send     M1 B3 100 to=carol         -> packets_per_minute
        send     M1 B1 100 to=alice         -> replay
        send     M2 B1 100 to=alice         -> landed(insufficient_funds)
        tick     40s -1ms
        send     M1 B3 100 to=carol         -> packets_per_minute
        status   B3 none
        tick     1ms
        send     M1 B3 100 to=carol         -> sent
        ",
    );
}

#[test]
fn what_lands_counts_in_its_minute_but_not_in_its_day() {
    check(
        "
        merchant M1 minute=2 person-packets=1 person-amount=100 day-amount=100
        send     M1 B1 100 to=alice         -> landed(insufficient_funds)
        send     M1 B1 100 to=alice         -> landed(insufficient_funds)
        top-up   M1 100 ref=T1              -> in 100
        send     M1 B1 100 to=alice         -> packets_per_minute
        status   B1 sending(insufficient_funds)
        tick     1m
        send     M1 B1 100 to=alice         -> sent
        ",
    );
}

#[test]
fn so_many_packets_a_day_for_one_person() {
    check(
        "
        merchant M1 person-packets=2
        merchant M2 person-packets=2
        top-up   M1 1000 ref=T1             -> in 1000
        top-up   M2 1000 ref=T2             -> in 1000
        send     M1 B1 100 to=alice         -> sent
        send     M1 B2 100 to=alice         -> sent
        send     M1 B3 100 to=alice         -> landed(recipient_packets_per_day)
        send     M1 B4 100 to=bob           -> sent
        send     M2 B1 100 to=alice         -> sent
        tick     12h -1ms
        send     M1 B3 100 to=alice         -> landed(recipient_packets_per_day)
        tick     1ms
        send     M1 B3 100 to=alice         -> sent
        send     M1 B5 100 to=alice         -> sent
        send     M1 B6 100 to=alice         -> landed(recipient_packets_per_day)
        books    M1=500 M2=900 B3=100 B6=0
        ",
    );
}

#[test]
fn so_much_money_a_day_for_one_person() {
    check(
        "
        merchant M1 person-amount=1000
        top-up   M1 9000 ref=T1             -> in 9000
        send     M1 B1 600 to=alice         -> sent
        send     M1 B2 401 to=alice         -> landed(recipient_amount_per_day)
        send     M1 B3 400 to=alice         -> sent
        send     M1 B4 1000 to=bob          -> sent
        send     M1 B5 1001 to=carol        -> landed(recipient_amount_per_day)
        tick     12h -1ms
        send     M1 B2 401 to=alice         -> landed(recipient_amount_per_day)
        tick     1ms
        send     M1 B2 401 to=alice         -> sent
        send     M1 B5 1001 to=carol        -> landed(recipient_amount_per_day)
        books    M1=6599 B2=401 B5=0
        ",
    );
}

#[test]
fn so_much_money_a_day_for_one_merchant() {
    check(
        "
        merchant M1 day-amount=1000
        merchant M2 day-amount=1000
        top-up   M1 9000 ref=T1             -> in 9000
        top-up   M2 9000 ref=T2             -> in 9000
        send     M1 B1 600 to=alice         -> sent
        send     M1 B2 401 to=bob           -> landed(amount_per_day)
        send     M1 B3 400 to=bob           -> sent
        send     M2 B1 1000 to=alice        -> sent
        tick     12h -1ms
        send     M1 B2 401 to=bob           -> landed(amount_per_day)
        tick     1ms
        send     M1 B2 401 to=bob           -> sent
        books    M1=7599 M2=8000 B2=401
        ",
    );
}

#[test]
fn what_went_back_still_counts_in_its_day() {
    check(
        "
        policy   expires=1h
        merchant M1 person-amount=600
        top-up   M1 1000 ref=T1             -> in 1000
        send     M1 B1 600 to=alice         -> sent
        tick     1h
        expire                              -> refunded 600
        send     M1 B2 600 to=alice         -> landed(recipient_amount_per_day)
        ",
    );
}

#[test]
fn a_clock_that_runs_back_opens_no_new_minute_or_day() {
    check(
        "
        merchant M1 minute=2 person-packets=1
        top-up   M1 1000 ref=T1             -> in 1000
        tick     12h
        send     M1 B1 100 to=alice         -> sent
        tick     -1ms
        send     M1 B2 100 to=alice         -> landed(recipient_packets_per_day)
        send     M1 B3 100 to=bob           -> packets_per_minute
        tick     1m
        send     M1 B3 100 to=bob           -> packets_per_minute
        tick     1ms
        send     M1 B3 100 to=bob           -> sent
        ",
    );
}

#[test]
fn a_clock_that_had_jumped_ahead_blocks_nobody_once_it_is_right_again() {
    check(
        "
        merchant M1 minute=1 person-packets=1
        top-up   M1 1000 ref=T1             -> in 1000
        tick     48h
        send     M1 B1 100 to=alice         -> sent
        tick     -48h
        send     M1 B2 100 to=alice         -> sent
        ",
    );
}

#[test]
fn a_refund_fits_however_much_was_sent_and_came_back() {
    check(
        "
        merchant M1 max=4611686018427387903 day-amount=9223372036854775807 person-amount=9223372036854775807
        top-up   M1 4611686018427387903 ref=T1 -> in 4611686018427387903
        send     M1 B1 4611686018427387903 to=alice scene -> sent
        tick     24h
        expire                              -> refunded 4611686018427387903
        send     M1 B2 100 to=alice         -> out_of_range(100..4611686018427387903)
        ",
    );
}

#[test]
fn a_landed_packet_is_completed_once_its_cause_is_gone() {
    check(
        "
        merchant M1 frozen=yes
        top-up   M1 1500 ref=T1             -> in 1500
        send     M1 B1 500 to=alice         -> landed(frozen)
        merchant M1 frozen=no person-packets=1
        tick     1h
        send     M1 B1 500 to=alice         -> sent

        send     M1 B2 500 to=alice         -> landed(recipient_packets_per_day)
        merchant M1 person-packets=9 person-amount=999
        send     M1 B3 500 to=alice         -> landed(recipient_amount_per_day)
        merchant M1 person-amount=9999 day-amount=999
        send     M1 B4 500 to=alice         -> landed(amount_per_day)
        send     M1 B5 2000 to=alice        -> landed(amount_per_day)
        tick     12h
        send     M1 B2 500 to=alice         -> sent
        send     M1 B3 500 to=alice         -> landed(amount_per_day)
        merchant M1 day-amount=9999
        send     M1 B3 500 to=alice         -> sent
        send     M1 B4 500 to=alice         -> landed(insufficient_funds)
        status   B4 sending(insufficient_funds)
        top-up   M1 500 ref=T2              -> in 500
        send     M1 B4 500 to=alice         -> sent
        status   B5 sending(amount_per_day)
        books    M1=0 B1=500 B2=500 B3=500 B4=500 B5=0
        claim    B4 alice                   -> claimed 500
        ",
    );
}

#[test]
fn a_landed_packet_is_completed_with_what_was_stored() {
    check(
        "
        merchant M1 min=1
        send     M1 B1 99 to=alice scene    -> landed(insufficient_funds)
        top-up   M1 99 ref=T1               -> in 99
        send     M1 B1 99 to=alice          -> sent
        ",
    );
}

#[test]
fn what_is_no_longer_permitted_leaves_a_landed_packet_as_it_is() {
    check(
        "
        merchant M1
        send     M1 B1 100 to=alice         -> landed(insufficient_funds)
        top-up   M1 100 ref=T1              -> in 100
        merchant M1 min=101 scene-below=101
        send     M1 B1 100 to=alice         -> out_of_range(101..20000)
        merchant M1 min=100
        send     M1 B1 100 to=alice         -> scene_required
        send     M1 B1 100 to=alice scene   -> scene_required
        status   B1 sending(insufficient_funds)
        merchant M1 scene-below=100
        send     M1 B1 100 to=alice         -> sent
        ",
    );
}

#[test]
fn landing_again_does_not_put_off_the_failure() {
    check(
        "
        merchant M1
        send     M1 B1 600 to=alice         -> landed(insufficient_funds)
        tick     24h -1ms
        expire                              -> nothing
        expire   B1                         -> not_yet
        send     M1 B1 600 to=alice         -> landed(insufficient_funds)
        status   B1 sending(insufficient_funds)
        top-up   M1 600 ref=T1              -> in 600
        tick     1ms
        status   B1 failed(insufficient_funds)
        send     M1 B1 600 to=alice         -> failed
        claim    B1 alice                   -> not_sent
        expire                              -> failed
        send     M1 B1 600 to=alice         -> failed
        tick     -1h
        send     M1 B1 600 to=alice         -> failed
        status   B1 failed(insufficient_funds)
        books    M1=600 alice=0 B1=0
        ",
    );
}

#[test]
fn a_packet_lives_from_its_acceptance_not_from_its_landing() {
    check(
        "
        policy   expires=72h fails=12h
        merchant M1
        send     M1 B1 600 to=alice         -> landed(insufficient_funds)
        send     M1 B2 600 to=alice         -> landed(insufficient_funds)
        tick     12h -1ms
        top-up   M1 600 ref=T1              -> in 600
        send     M1 B1 600 to=alice         -> sent
        tick     1ms
        expire                              -> failed
        status   B1 sent
        status   B2 failed(insufficient_funds)
        tick     72h -2ms
        expire                              -> nothing
        status   B1 sent
        tick     1ms
        expire                              -> refunded 600
        ",
    );
}

#[test]
fn a_claim_is_good_until_just_before_expiry() {
    check(
        "
        merchant M1
        top-up   M1 1000 ref=T1             -> in 1000
        send     M1 B1 300 to=alice         -> sent
        send     M1 B2 300 to=alice         -> sent
        tick     24h -1ms
        expire                              -> nothing
        expire   B1                         -> not_yet
        status   B1 sent
        claim    B1 alice                   -> claimed 300
        tick     1ms
        status   B2 refunding
        claim    B2 alice                   -> expired
        claim    B1 alice                   -> replay 300
        expire                              -> refunded 300
        claim    B2 alice                   -> expired
        claim    B1 alice                   -> replay 300
        books    M1=700 alice=300 B1=0 B2=0
        ",
    );
}

#[test]
fn time_never_runs_backwards_for_a_packet() {
    check(
        "
        merchant M1
        top-up   M1 1200 ref=T1             -> in 1200
        send     M1 B1 600 to=alice         -> sent
        send     M1 B2 600 to=bob           -> sent
        send     M1 B3 600 to=bob           -> landed(insufficient_funds)
        tick     24h
        expire   B1                         -> refunded 600
        tick     -2h
        status   B1 refunded 600 at 24h
        claim    B1 alice                   -> expired
        claim    B2 bob                     -> claimed 600
        tick     -23h
        claim    B2 bob                     -> replay 600
        send     M1 B3 600 to=bob           -> sent
        tick     25h -1ms
        status   B3 sent
        tick     1ms
        expire                              -> refunded 600
        status   B3 refunded 600 at 24h
        ",
    );
}

#[test]
fn claim_rejections_come_in_the_order_in_which_they_are_declared() {
    check(
        "
        merchant M1
        top-up   M1 600 ref=T1              -> in 600
        claim    B1 alice                   -> no_such_packet
        send     M1 B1 600 to=alice         -> sent
        send     M1 B2 600 to=alice         -> landed(insufficient_funds)
        tick     24h
        claim    B1 bob app=wx2             -> no_such_packet
        claim    B1 bob                     -> not_the_recipient
        claim    B1 alice                   -> expired
        claim    B2 bob app=wx2             -> no_such_packet
        claim    B2 bob                     -> not_the_recipient
        claim    B2 alice                   -> not_sent
        expire                              -> refunded 600, failed
        claim    B1 bob                     -> not_the_recipient
        claim    B1 alice                   -> expired
        claim    B2 alice                   -> not_sent
        send     M1 B3 600 to=alice         -> sent
        claim    B3 alice                   -> claimed 600
        claim    B3 alice app=wx2           -> no_such_packet
        claim    B3 bob                     -> not_the_recipient
        books    M1=0 alice=600 bob=0 B3=0
        ",
    );
}

#[test]
fn top_up_rejections_come_in_the_order_in_which_they_are_declared() {
    check(
        "
        merchant M1
        merchant M3
        top-up   M1 1000 ref=T1             -> in 1000
        top-up   M2 0 ref=T1                -> reused(M1 1000)
        top-up   M2 0 ref=T2                -> no_such_merchant
        top-up   M1 0 ref=T2                -> out_of_range
        top-up   M1 9223372036854775807 ref=T2 -> out_of_range
        top-up   M1 9223372036854774808 ref=T2 -> out_of_range
        top-up   M3 9223372036854774808 ref=T2 -> out_of_range
        books    M1=1000 M2=0 M3=0
        top-up   M1 1 ref=T2                -> in 1
        books    M1=1001
        ",
    );
}

#[test]
fn a_reference_used_again_gets_the_first_answer() {
    check(
        "
        merchant M1
        merchant M2
        top-up   M1 1000 ref=T1             -> in 1000
        tick     1h
        top-up   M1 1000 ref=T1             -> in 1000
        top-up   M1 1001 ref=T1             -> reused(M1 1000)
        top-up   M2 1000 ref=T1             -> reused(M1 1000)
        books    M1=1000 M2=0
        ",
    );
}

#[test]
fn a_frozen_merchant_sends_nothing_but_its_packets_live_on() {
    check(
        "
        merchant M1
        top-up   M1 1000 ref=T1             -> in 1000
        send     M1 B1 300 to=alice         -> sent
        send     M1 B2 300 to=alice         -> sent
        merchant M1 frozen=yes
        send     M1 B3 300 to=alice         -> landed(frozen)
        send     M1 B1 300 to=alice         -> replay
        claim    B1 alice                   -> claimed 300
        top-up   M1 100 ref=T2              -> in 100
        tick     24h
        expire                              -> refunded 300, failed
        status   B3 failed(frozen)
        books    M1=800 alice=300 B1=0 B2=0 B3=0
        ",
    );
}

#[test]
fn a_merchant_does_not_take_anothers_place() {
    check(
        "
        add      M1                         -> stored
        add      M1                         -> stored
        add      M1 frozen=yes              -> exists
        send     M1 B1 100 to=alice         -> landed(insufficient_funds)
        merchant M1 frozen=yes
        send     M1 B1 100 to=alice         -> landed(frozen)
        ",
    );
}

#[test]
fn a_sandbox_clock_goes_forward_only() {
    check(
        "
        merchant M1
        top-up   M1 600 ref=T1              -> in 600
        send     M1 B1 600 to=alice         -> sent
        tick     1h
        clock    1h                         -> set
        clock    1h -1ms                    -> set
        time     1h
        clock    24h -1ms                   -> set
        time     23h59m59s999ms
        claim    B1 bob                     -> not_the_recipient
        status   B1 sent
        tick     1ms
        time     24h
        clock    24h -1ms                   -> set
        time     24h
        clock    24h -2ms                   -> set
        time     24h
        status   B1 refunding
        expire                              -> refunded 600
        ",
    );
}

#[test]
fn two_clocks_set_at_once_do_not_add_up() {
    check(
        "
        clock    1h                         -> set
        & clock  2h                         -> set
        time     2h
        clock    4h                         -> set
        & clock  3h                         -> set
        time     4h
        ",
    );
}

#[test]
fn a_person_under_another_app_is_another_person() {
    check(
        "
        merchant M1 person-packets=1
        top-up   M1 1000 ref=T1             -> in 1000
        send     M1 B1 100 to=alice         -> sent
        send     M1 B2 100 to=alice         -> landed(recipient_packets_per_day)
        send     M1 B2 100 to=alice app=wx2 -> reused(terms)
        send     M1 B3 100 to=alice app=wx2 -> sent
        ",
    );
}

#[test]
fn nothing_is_no_amount_and_an_ordinary_packet_has_one_share() {
    check(
        "
        merchant M1 min=0 scene-below=0
        top-up   M1 1000 ref=T1             -> in 1000
        send     M1 B1 0 to=alice           -> out_of_range(0..20000)
        send     M1 B1 100 to=alice shares=2 -> bug
        send     M1 B1 100 to=alice shares=0 -> bug
        send     M1 B1 100 to=alice         -> sent
        ",
    );
}

#[test]
fn a_refund_always_fits_into_the_funds() {
    check(
        "
        merchant M1
        top-up   M1 4611686018427387904 ref=T1 -> out_of_range
        top-up   M1 4611686018427387903 ref=T1 -> in 4611686018427387903
        send     M1 B1 600 to=alice         -> sent
        tick     24h
        expire                              -> refunded 600
        ",
    );
}

#[test]
fn a_live_clock_cannot_be_set() {
    check(
        "
        policy   live
        clock    1h                         -> not_a_sandbox
        clock    0                          -> not_a_sandbox
        tick     1h
        clock    0                          -> not_a_sandbox
        time     1h
        ",
    );
}

#[test]
fn a_payer_who_is_not_there_is_a_bug_and_moves_nothing() {
    check(
        "
        merchant M1
        send     M2 B1 600 to=alice         -> bug
        send     M1 B1 600 to=alice payer=M2 -> bug
        status   B1 none
        status   M2/B1 none
        ",
    );
}

/// Runs the rows; panics at the first one that reads otherwise than it happened.
#[track_caller]
fn check(text: &str) {
    let mut bench = Bench::default();
    let rows: Vec<String> = text.lines().map(squeeze).filter(|row| !row.is_empty()).collect();
    let mut rest = rows.as_slice();
    while let Some((first, joining)) = rest.split_first() {
        let joined = joining.iter().take_while(|row| row.starts_with('&')).count();
        let (group, after) = rest.split_at(1 + joined);
        let happened = if joined == 0 { vec![bench.run(first)] } else { bench.run_together(group) };
        assert_eq!(happened, group, "what happened (left) is not what the rows say (right)");
        let report = bench.tables.audit();
        assert!(report.is_clean(), "after {group:?}: {report:?}");
        rest = after;
    }
}

fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What the rows work on.
struct Bench {
    tables: Tables,
    policy: Policy,
    /// The time without a sandbox's offset.
    real: Timestamp,
    /// How many packets were asked for: each has an id of its own.
    asked: u64,
    merchants: HashMap<MerchantId, Merchant>,
    first_sends: HashMap<PacketId, Accepted>,
    first_claims: HashMap<PacketId, Claim>,
    first_transfers: HashMap<Reference, Transfer>,
}

impl Default for Bench {
    fn default() -> Bench {
        Bench {
            tables: Tables::default(),
            policy: Policy { is_sandbox: true, ..Policy::default() },
            real: NOON,
            asked: 0,
            merchants: HashMap::new(),
            first_sends: HashMap::new(),
            first_claims: HashMap::new(),
            first_transfers: HashMap::new(),
        }
    }
}

impl Bench {
    /// What the clock shows.
    fn now(&self) -> Timestamp {
        let rows = self.tables.load(&KeySet { clock: true, ..KeySet::default() });
        self.real.plus_millis(rows.clock.get(&()).map_or(0, |clock| clock.offset_ms))
    }

    /// Runs one row; how it should read.
    fn run(&mut self, row: &str) -> String {
        let call = call(row);
        let words: Vec<&str> = call.split(' ').collect();
        match words.as_slice() {
            ["merchant", name, changes @ ..] => {
                let merchant = self.altered(name, changes);
                self.merchants.insert(merchant.id.clone(), merchant.clone());
                assert_eq!(self.decide(vec![put_merchant(merchant, true)]), [Outcome::Put(Ok(()))]);
                call.to_owned()
            }
            ["tick", terms @ ..] => {
                self.real = self.real.plus_millis(millis(terms));
                call.to_owned()
            }
            ["policy", choices @ ..] => {
                for choice in choices {
                    match choice.split_once('=') {
                        Some(("fails", time)) => self.policy.fails_after_ms = millis(&[time]),
                        Some(("expires", time)) => self.policy.expires_after_ms = millis(&[time]),
                        None if *choice == "live" => self.policy.is_sandbox = false,
                        _ => panic!("no such policy: {choice}"),
                    }
                }
                call.to_owned()
            }
            ["time"] | ["time", _] => format!("time {}", since_noon(self.now())),
            ["status", bill, ..] => format!("status {bill} {}", self.status(bill)),
            ["books", entries @ ..] => entries.iter().fold("books".to_owned(), |mut books, entry| {
                let name = entry.split_once('=').map_or(*entry, |(name, _)| name);
                write!(books, " {name}={}", self.balance(name)).expect("a text can be written to");
                books
            }),
            ["expire"] => {
                let due: Vec<Due> = self.tables.due(self.now(), None).cloned().collect();
                let commands = due.into_iter().map(|due| Command::ExpirePacket(ExpirePacket { due }));
                let ends: Vec<_> = commands.flat_map(|command| self.decide(vec![command])).collect();
                let ends: Vec<_> = ends.iter().map(|outcome| self.describe(outcome)).collect();
                format!("expire -> {}", if ends.is_empty() { "nothing".to_owned() } else { ends.join(", ") })
            }
            _ => self.run_together(&[row.to_owned()]).pop().expect("one row for one row"),
        }
    }

    /// Runs calls in one batch; how their rows should read.
    fn run_together(&mut self, rows: &[String]) -> Vec<String> {
        let commands = rows.iter().map(|row| self.command(call(row).trim_start_matches("& "))).collect();
        let outcomes = self.decide(commands);
        let described = rows.iter().zip(outcomes);
        described.map(|(row, outcome)| format!("{} -> {}", call(row), self.describe(&outcome))).collect()
    }

    fn decide(&mut self, commands: Vec<Command>) -> Vec<Outcome> {
        let now = self.now();
        let mut batch = Batch::new(commands.into_iter().enumerate().collect());
        let rows = self.tables.load(&batch.keys().expect("a batch that is not empty"));
        let changes = batch.decide(rows, now, &self.policy).expect("books that balance");
        self.tables.apply(&changes).expect("keys that are free");
        let answers = batch.settle(Attempt::Committed);
        assert!(batch.keys().is_none());
        let outcome = |answer| match answer {
            Answer::Decided(outcome) => outcome,
            other @ (Answer::Unavailable | Answer::SystemError) => panic!("committed, but answered {other:?}"),
        };
        answers.into_iter().map(|(_, answer)| outcome(answer)).collect()
    }

    fn command(&mut self, call: &str) -> Command {
        let words: Vec<&str> = call.split(' ').collect();
        match words.as_slice() {
            ["add", name, changes @ ..] => put_merchant(self.altered(name, changes), false),
            ["top-up", name, amount, reference] => Command::TopUp(TopUp {
                reference: Reference::try_new(reference.strip_prefix("ref=").expect("ref=")).expect("a reference"),
                merchant: merchant_id(merchant_number(name)),
                amount: amount.parse().expect("an amount"),
            }),
            ["send", name, bill_no, amount, to, more @ ..] => {
                self.asked += 1;
                let merchant = merchant_number(name);
                let mut send = SendPacket {
                    packet_id: packet_id(self.asked),
                    bill: bill_key(merchant, bill_no),
                    product: Product::Ordinary,
                    payer: merchant_id(merchant),
                    app: app_id(1),
                    recipient: openid(to.strip_prefix("to=").expect("to=")),
                    total: amount.parse().expect("an amount"),
                    share_count: 1,
                    texts: texts(None),
                };
                for word in more {
                    match word.split_once('=') {
                        Some(("payer", name)) => send.payer = merchant_id(merchant_number(name)),
                        Some(("app", "wx2")) => send.app = app_id(2),
                        Some(("shares", count)) => send.share_count = count.parse().expect("a number"),
                        None if *word == "scene" => send.texts = texts(Some("PRODUCT_8")),
                        _ => panic!("a packet is sent without: {word}"),
                    }
                }
                Command::SendPacket(Box::new(send))
            }
            ["claim", bill, name, more @ ..] => {
                let app = match more {
                    [] => app_id(1),
                    ["app=wx2"] => app_id(2),
                    _ => panic!("a share is claimed without: {more:?}"),
                };
                // A bill number that is not stored stands for a packet that is not there.
                let packet = self.packet(bill).map_or_else(|| packet_id(999), |packet| packet.id.clone());
                Command::ClaimShare(ClaimShare { packet, app, openid: openid(name) })
            }
            ["expire", bill] => {
                let packet = self.packet(bill).expect("a packet");
                let due = Due { at: packet.deadline, packet: packet.id.clone(), payer: packet.payer.clone() };
                Command::ExpirePacket(ExpirePacket { due })
            }
            ["clock", terms @ ..] => Command::SetClock(SetClock { to: NOON.plus_millis(millis(terms)) }),
            _ => panic!("no such row: {call}"),
        }
    }

    /// The merchant as it was, but for `changes`.
    fn altered(&self, name: &str, changes: &[&str]) -> Merchant {
        let id = merchant_id(merchant_number(name));
        let known = self.merchants.get(&id).cloned();
        let mut merchant = known.unwrap_or_else(|| Merchant::new(id, "天虹百货"));
        for change in changes {
            alter(&mut merchant, change);
        }
        merchant
    }

    fn packet(&self, bill: &str) -> Option<&Packet> {
        self.tables.packet_by_bill(&bill_of(bill))
    }

    fn status(&self, bill: &str) -> String {
        match self.packet(bill).map(|packet| packet.status(self.now())) {
            None => "none".to_owned(),
            Some(PacketStatus::Sending(decline)) => format!("sending({})", decline.name()),
            Some(PacketStatus::Sent) => "sent".to_owned(),
            Some(PacketStatus::Failed(decline)) => format!("failed({})", decline.name()),
            Some(PacketStatus::Received) => "received".to_owned(),
            Some(PacketStatus::Refunding) => "refunding".to_owned(),
            Some(PacketStatus::Refunded { amount, at }) => format!("refunded {amount} at {}", since_noon(at)),
        }
    }

    fn balance(&self, name: &str) -> Fen {
        let account = if name.starts_with('B') || name.contains('/') {
            return self.packet(name).map_or(Fen::ZERO, |packet| packet.escrow().expect("an escrow not overdrawn"));
        } else if name.starts_with('M') {
            LedgerAccount::MerchantFunds(merchant_id(merchant_number(name)))
        } else {
            LedgerAccount::RecipientWallet(app_id(1), openid(name))
        };
        self.tables.account(&account).balance().expect("an account not overdrawn")
    }

    /// How a call ended, as rows write it. What only repeats an answer must repeat the whole of it.
    fn describe(&mut self, outcome: &Outcome) -> String {
        match outcome {
            Outcome::Send(outcome) => self.describe_send(outcome),
            Outcome::Claim(Ok(Claimed { claim, is_replay: false })) => {
                assert_eq!(self.first_claims.insert(claim.packet.clone(), claim.clone()), None);
                format!("claimed {}", claim.amount)
            }
            Outcome::Claim(Ok(Claimed { claim, is_replay: true })) => {
                assert_eq!(self.first_claims.get(&claim.packet), Some(claim));
                format!("replay {}", claim.amount)
            }
            Outcome::Claim(Err(rejection)) => match rejection {
                ClaimRejection::NoSuchPacket => "no_such_packet".to_owned(),
                ClaimRejection::NotTheRecipient => "not_the_recipient".to_owned(),
                ClaimRejection::NotSent => "not_sent".to_owned(),
                ClaimRejection::Expired => "expired".to_owned(),
                ClaimRejection::Exhausted => "exhausted".to_owned(),
            },
            Outcome::Expire(Expired::Refunded(amount)) => format!("refunded {amount}"),
            Outcome::Expire(Expired::Failed) => "failed".to_owned(),
            Outcome::Expire(Expired::NotYet) => "not_yet".to_owned(),
            Outcome::Expire(Expired::AlreadyDone) => "already_done".to_owned(),
            Outcome::TopUp(Ok(transfer)) => {
                let first = self.first_transfers.entry(transfer.key.reference.clone()).or_insert(transfer.clone());
                assert_eq!(transfer, first);
                format!("in {}", transfer.amount)
            }
            Outcome::TopUp(Err(TopUpRejection::ReferenceReused(first))) => {
                format!("reused(M{} {})", first.merchant, first.amount)
            }
            Outcome::TopUp(Err(TopUpRejection::NoSuchMerchant(_))) => "no_such_merchant".to_owned(),
            Outcome::TopUp(Err(TopUpRejection::AmountOutOfRange)) => "out_of_range".to_owned(),
            Outcome::Put(Ok(())) => "stored".to_owned(),
            Outcome::Put(Err(PutRejection::NothingToKeep)) => "nothing_to_keep".to_owned(),
            Outcome::Put(Err(PutRejection::Exists)) => "exists".to_owned(),
            Outcome::Clock(Ok(())) => "set".to_owned(),
            Outcome::Clock(Err(ClockRejection::NotASandbox)) => "not_a_sandbox".to_owned(),
            Outcome::Bug(_) => "bug".to_owned(),
        }
    }

    fn describe_send(&mut self, outcome: &SendOutcome) -> String {
        match outcome {
            SendOutcome::Accepted(accepted) if !accepted.is_replay => {
                assert_eq!(self.first_sends.insert(accepted.packet.clone(), accepted.clone()), None);
                "sent".to_owned()
            }
            SendOutcome::Accepted(accepted) => {
                let first = self.first_sends.get(&accepted.packet).expect("a replay repeats an answer");
                assert_eq!(accepted, &Accepted { is_replay: true, ..first.clone() });
                "replay".to_owned()
            }
            SendOutcome::Declined(decline) => format!("landed({})", decline.name()),
            SendOutcome::Rejected(rejection) => match rejection {
                SendRejection::BillNoReused(Difference::Recipient) => "reused(recipient)".to_owned(),
                SendRejection::BillNoReused(Difference::Total) => "reused(total)".to_owned(),
                SendRejection::BillNoReused(Difference::Terms) => "reused(terms)".to_owned(),
                SendRejection::BillNoFailed => "failed".to_owned(),
                SendRejection::AmountOutOfRange { min, max } => format!("out_of_range({min}..{max})"),
                SendRejection::SceneRequired => "scene_required".to_owned(),
                SendRejection::PacketsPerMinute => "packets_per_minute".to_owned(),
            },
        }
    }
}

fn alter(merchant: &mut Merchant, change: &str) {
    let (name, value) = change.split_once('=').expect("a name and a value");
    let number = || value.parse::<u32>().expect("a number");
    let fen = || value.parse::<Fen>().expect("an amount");
    let limits = &mut merchant.limits;
    match name {
        "frozen" => merchant.frozen = value == "yes",
        "min" => limits.amount_min = fen(),
        "max" => limits.amount_max = fen(),
        "scene-below" => limits.scene_below = fen(),
        "scene-above" => limits.scene_above = fen(),
        "minute" => limits.packets_per_minute = number(),
        "person-packets" => limits.recipient_packets_per_day = number(),
        "person-amount" => limits.recipient_amount_per_day = fen(),
        "day-amount" => limits.amount_per_day = fen(),
        _ => panic!("a merchant has no {name}"),
    }
}

/// A row without how it ends.
fn call(row: &str) -> &str {
    row.split_once(" -> ").map_or(row, |(call, _)| call)
}

fn merchant_number(name: &str) -> u32 {
    name.strip_prefix('M').and_then(|number| number.parse().ok()).expect("a merchant: M1, M2 and so on")
}

fn bill_of(name: &str) -> BillKey {
    let (merchant, bill_no) = name.split_once('/').unwrap_or(("M1", name));
    bill_key(merchant_number(merchant), bill_no)
}

/// `24h -1ms` in milliseconds.
fn millis(terms: &[&str]) -> i64 {
    let in_millis = |term: &&str| {
        let number = term.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let unit = match &term[number.len()..] {
            "h" => HOUR_MS,
            "m" => MINUTE_MS,
            "s" => 1000,
            "ms" => 1,
            "" if *term == "0" => 0,
            unit => panic!("no such unit of time: {unit}"),
        };
        number.parse::<i64>().expect("a number") * unit
    };
    terms.iter().map(in_millis).sum()
}

/// How long after noon that is, as `millis` reads it.
fn since_noon(time: Timestamp) -> String {
    let ms = time.as_millis() - NOON.as_millis();
    let parts = [(ms / HOUR_MS, "h"), (ms / MINUTE_MS % 60, "m"), (ms / 1000 % 60, "s"), (ms % 1000, "ms")];
    let parts: Vec<String> = parts.iter().filter(|(n, _)| *n != 0).map(|(n, unit)| format!("{n}{unit}")).collect();
    if parts.is_empty() { "0".to_owned() } else { parts.concat() }
}
