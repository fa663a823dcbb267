//! What becomes of each call? Rows of a small language ([`rows`]); a new case is a new row.

mod products;
mod rows;

use hongbao_engine::packet::Decline;

use rows::check;

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
        claim    B1 alice                   -> refunded
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
        merchant M1 frozen=yes person-packets=1 person-amount=1599 day=1 day-amount=1599
        person   alice blocked

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
        send     M1 B3 600 to=alice scene   -> landed(recipient_blocked)
        person   alice
        send     M1 B3 600 to=alice scene   -> landed(recipient_packets_per_day)
        merchant M1 person-packets=2
        send     M1 B3 600 to=alice scene   -> landed(recipient_amount_per_day)
        merchant M1 person-amount=1600
        send     M1 B3 600 to=alice scene   -> landed(packets_per_day)
        merchant M1 day=2
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
        claim    B2 alice                   -> refunded
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
        claim    B1 alice                   -> refunded
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
        claim    B1 alice                   -> refunded
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
fn a_code_is_redeemed_once_and_within_five_minutes() {
    check(
        "
        redeem   C1 at=0 by=A               -> redeemed
        & redeem C1 at=0 by=B               -> used
        & redeem C1 at=0 by=A               -> redeemed
        redeem   C1 at=0 by=B               -> used
        redeem   C1 at=1ms by=B             -> redeemed
        tick     5m -1ms
        redeem   C2 at=0 by=A               -> redeemed
        tick     1ms
        redeem   C3 at=0 by=A               -> expired
        redeem   C3 at=1ms by=A             -> redeemed
        redeem   C2 at=0 by=A               -> redeemed
        redeem   C2 at=0 by=B               -> used
        ",
    );
}

#[test]
fn what_is_in_a_wallet_is_held_then_paid_out_or_goes_back() {
    check(
        "
        merchant M1
        top-up   M1 1000 ref=T1             -> in 1000
        send     M1 B1 600 to=alice         -> sent
        send     M1 T2 400 to=alice transfer -> sent
        claim    B1 alice                   -> claimed 600
        wallet   alice received=1000 withdrawn=0 held=0
        hold     alice 700 ref=W1           -> held 700
        books    alice=300 W1=700
        wallet   alice received=1000 withdrawn=0 held=700
        hold     alice 200 ref=W2           -> held 200
        hold     alice 101 ref=W3           -> only 100
        books    alice=100 W1=700 W2=200 W3=0
        tick     1h
        confirm  W1 alice by=P1             -> confirmed 700
        cancel   W2 alice by=P2             -> cancelled 200
        books    alice=300 W1=0 W2=0
        wallet   alice received=1000 withdrawn=700 held=0
        hold     alice 300 ref=W3           -> held 300
        & confirm W3 alice by=P3            -> confirmed 300
        & hold   alice 1 ref=W4             -> only 0
        wallet   alice received=1000 withdrawn=1000 held=0
        books    M1=0 alice=0
        ",
    );
}

#[test]
fn a_withdrawal_is_asked_for_once_and_settled_once() {
    check(
        "
        merchant M1
        top-up   M1 1000 ref=T1             -> in 1000
        send     M1 T1 500 to=alice transfer -> sent
        send     M1 T2 500 to=bob transfer  -> sent
        hold     alice 0 ref=W1             -> out_of_range
        hold     alice 501 ref=W1           -> only 500
        hold     carol 1 ref=W1             -> only 0
        confirm  W1 alice by=P1             -> no_such_withdrawal
        hold     alice 300 ref=W1           -> held 300
        & hold   alice 300 ref=W1           -> replay 300
        hold     alice 301 ref=W1           -> stored(300 held)
        hold     bob 300 ref=W1             -> stored(300 held)
        hold     alice 300 ref=W1 app=wx2   -> only 0
        confirm  W1 bob by=P1               -> no_such_withdrawal
        books    alice=200 bob=500 W1=300
        tick     1h
        confirm  W1 alice by=P1             -> confirmed 300
        tick     1h
        confirm  W1 alice by=P1             -> replay 300
        confirm  W1 alice by=P2             -> stored(300 confirmed)
        cancel   W1 alice by=P1             -> stored(300 confirmed)
        hold     alice 300 ref=W1           -> replay 300
        hold     alice 200 ref=W2           -> held 200
        & cancel W2 alice by=P3             -> cancelled 200
        & cancel W2 alice by=P3             -> replay 200
        & confirm W2 alice by=P3            -> stored(200 cancelled)
        hold     alice 200 ref=W2           -> replay 200
        hold     alice 201 ref=W2           -> stored(200 cancelled)
        books    alice=200 bob=500 W1=0 W2=0
        ",
    );
}

#[test]
fn who_is_erased_has_a_pseudonym_in_every_row_and_the_books_stay() {
    check(
        "
        merchant M1
        merchant M2
        top-up   M1 5000 ref=T1             -> in 5000
        top-up   M2 1000 ref=T2             -> in 1000
        person   alice-who-leaves
        lottery  L1 2
        send     M1 B1 600 to=alice-who-leaves         -> sent
        send     M1 B2 300 to=alice-who-leaves         -> sent
        send     M1 T3 100 to=alice-who-leaves transfer -> sent
        send     M2 B4 400 to=alice-who-leaves         -> sent
        send     M2 B5 900 to=alice-who-leaves         -> landed(insufficient_funds)
        send     M2 T6 900 to=alice-who-leaves transfer -> landed(insufficient_funds)
        send     M1 B7 600 to=bob group shares=2 -> sent
        send     M1 B8 200 to=nobody pre-order -> sent
        fill     L1 B8                      -> in
        bind     L1 B8 alice-who-leaves                -> bound B8 200
        claim    B1 alice-who-leaves                   -> claimed 600
        claim    B7 bob                     -> claimed 101
        claim    B7 alice-who-leaves link              -> claimed 499
        claim    B8 alice-who-leaves                   -> claimed 200
        history  alice-who-leaves B8 B7 B1 T3 | B8 B2 B1 T3 B5 B4 T6
        erasing  alice-who-leaves xA begin             -> not_empty(1399 0)
        hold     alice-who-leaves 1000 ref=W1          -> held 1000
        hold     alice-who-leaves 399 ref=W2           -> held 399
        erasing  alice-who-leaves xA begin             -> not_empty(0 1399)
        confirm  W1 alice-who-leaves by=P1             -> confirmed 1000
        cancel   W2 alice-who-leaves by=P2             -> cancelled 399
        hold     alice-who-leaves 399 ref=W3           -> held 399
        & confirm W3 alice-who-leaves by=P3            -> confirmed 399

        erase    alice-who-leaves xA
        history  alice-who-leaves |
        books    alice-who-leaves=0 xA=0 bob=101 B2=300 M2/B4=400
        wallet   alice-who-leaves received=0 withdrawn=0 held=0
        wallet   xA received=1399 withdrawn=1399 held=0
        claim    B2 alice-who-leaves                   -> not_the_recipient
        claim    B1 alice-who-leaves                   -> not_the_recipient
        send     M1 B1 600 to=alice-who-leaves         -> reused(recipient)
        send     M2 B5 900 to=alice-who-leaves         -> reused(recipient)
        hold     alice-who-leaves 1000 ref=W1          -> stored(1000 confirmed)
        tick     25h
        expire                              -> refunded 300, refunded 400, failed, failed
        books    M1=3500 M2=1000 alice-who-leaves=0 xA=0
        send     M1 B9 600 to=alice-who-leaves         -> sent
        claim    B9 alice-who-leaves                   -> claimed 600
        history  alice-who-leaves B9 | B9
        ",
    );
}

#[test]
fn a_step_of_an_erasure_does_nothing_unless_the_list_begins_as_it_was_read() {
    check(
        "
        merchant M1
        top-up   M1 5000 ref=T1             -> in 5000
        send     M1 B1 600 to=alice         -> sent
        send     M1 B2 300 to=alice         -> sent
        send     M1 B3 300 to=alice         -> sent
        claim    B1 alice                   -> claimed 600
        claim    B2 alice                   -> claimed 300
        erasing  alice xA entries B2        -> moved
        hold     alice 900 ref=W1           -> held 900
        & confirm W1 alice by=P1            -> confirmed 900
        erasing  alice xA entries B2        -> moved
        erasing  alice xA begin             -> as xA
        erasing  alice xB begin             -> as xA
        erasing  alice xB entries B2        -> moved
        erasing  alice xA finish            -> moved
        claim    B3 alice                   -> being_erased
        claim    B2 alice                   -> replay 300
        send     M1 T4 100 to=alice transfer -> landed(recipient_blocked)
        send     M1 B5 100 to=alice         -> sent
        hold     alice 1 ref=W2             -> only 0
        erasing  alice xA entries B1        -> moved
        erasing  alice xA packets M1 B5     -> moved
        erasing  alice xA entries B2        -> as xA
        & erasing alice xA entries B2       -> moved
        & erasing alice xA entries B1       -> as xA
        erasing  alice xA finish            -> moved
        erasing  alice xA withdrawals W1    -> as xA
        erase    alice xC
        books    alice=0 xA=0 xC=0
        wallet   xA received=900 withdrawn=900 held=0
        erase    carol xD
        books    carol=0 xD=0
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
