//! What is different about the products that are not one share for one person, and about the limits that only some
//! merchants have?

use super::check;

#[test]
fn a_group_packet_is_bound_by_its_average_and_goes_back_whole() {
    check(
        "
        merchant M1 shares=4
        top-up   M1 5000 ref=T1             -> in 5000
        send     M1 B1 299 to=alice group shares=3 -> out_of_range(100..20000)
        send     M1 B1 300 to=alice group shares=3 -> sent
        send     M1 B1 300 to=alice group shares=3 -> replay
        send     M1 B1 300 to=alice group shares=4 -> reused(terms)
        send     M1 B1 300 to=alice         -> reused(terms)
        send     M1 B2 500 to=alice group shares=5 -> too_many_shares
        send     M1 B2 500 to=alice group shares=1 -> bug
        send     M1 B3 60001 to=bob group shares=3 -> out_of_range(100..20000)
        status   B1 sent
        tick     24h
        expire                              -> refunded 300
        status   B1 refunded 300 at 24h
        books    M1=5000 B1=0
        ",
    );
}

#[test]
fn a_group_packet_is_opened_by_its_first_person_and_then_by_whoever_has_the_link() {
    check(
        "
        merchant M1
        top-up   M1 5000 ref=T1             -> in 5000
        send     M1 B1 300 to=alice group shares=3 -> sent
        claim    B1 bob                     -> not_the_recipient
        claim    B1 bob link                -> not_shared
        claim    B1 alice app=wx2           -> no_such_packet
        claim    B1 alice                   -> claimed 137
        status   B1 received
        claim    B1 bob                     -> not_the_recipient
        claim    B1 bob link                -> claimed 136
        & claim  B1 bob link                -> replay 136
        & claim  B1 alice link              -> replay 137
        & claim  B1 carol link              -> claimed 27
        & claim  B1 dave link               -> exhausted
        claim    B1 dave link               -> exhausted
        claim    B1 dave                    -> not_the_recipient
        claim    B1 carol                   -> replay 27
        books    M1=4700 alice=137 bob=136 carol=27 dave=0 B1=0
        status   B1 received
        tick     24h
        expire                              -> nothing
        status   B1 received
        ",
    );
}

#[test]
fn a_group_packet_goes_back_by_what_nobody_opened() {
    check(
        "
        merchant M1
        top-up   M1 300 ref=T1              -> in 300
        send     M1 B1 300 to=alice group shares=3 -> sent
        claim    B1 alice                   -> claimed 137
        tick     24h -1ms
        claim    B1 bob link                -> claimed 136
        tick     1ms
        status   B1 refunding
        claim    B1 carol link              -> expired
        claim    B1 bob link                -> replay 136
        & expire B1                         -> refunded 27
        claim    B1 carol link              -> refunded
        claim    B1 bob link                -> replay 136
        status   B1 refunded 27 at 24h
        ",
    );
}

#[test]
fn a_shuffled_packet_keeps_its_shares_whatever_the_merchant_chooses_later() {
    check(
        "
        merchant M1 draws=shuffled
        top-up   M1 500 ref=T1              -> in 500
        send     M1 B1 300 to=alice group shares=3 -> sent
        send     M1 B2 300 to=alice group shares=3 -> landed(insufficient_funds)
        merchant M1 draws=live
        send     M1 B1 300 to=alice group shares=3 -> replay
        top-up   M1 100 ref=T2              -> in 100
        send     M1 B2 300 to=alice group shares=3 -> sent
        claim    B1 alice                   -> claimed 27
        & claim  B1 bob link                -> claimed 136
        & claim  B2 alice                   -> claimed 170
        claim    B1 carol link              -> claimed 137
        claim    B2 bob link                -> claimed 9
        claim    B2 carol link              -> claimed 121
        ",
    );
}

#[test]
fn a_group_packet_needs_a_scene_by_its_average() {
    check(
        "
        merchant M1 min=1 max=499900 person-amount=9999999
        top-up   M1 500000 ref=T1           -> in 500000
        send     M1 B1 60000 to=alice group shares=3 -> sent
        send     M1 B2 60001 to=alice group shares=3 -> scene_required
        send     M1 B2 60001 to=alice group shares=3 scene -> sent
        send     M1 B3 299 to=alice group shares=3 -> scene_required
        send     M1 B3 299 to=alice group shares=3 scene -> sent
        ",
    );
}

#[test]
fn no_share_is_empty_whatever_the_limits_are() {
    check(
        "
        merchant M1 min=0 scene-below=0
        top-up   M1 5000 ref=T1             -> in 5000
        send     M1 B1 2 to=alice group shares=3 -> out_of_range(0..20000)
        send     M1 B1 3 to=alice group shares=3 -> sent
        send     M1 B2 99 to=nobody pre-order shares=100 -> out_of_range(0..20000)
        send     M1 B2 100 to=nobody pre-order shares=100 -> sent
        send     M1 B3 0 to=alice           -> out_of_range(0..20000)
        ",
    );
}

#[test]
fn a_pre_order_is_for_nobody_yet_and_lives_for_three_days() {
    check(
        "
        merchant M1 expires=1h
        top-up   M1 300000 ref=T1           -> in 300000
        send     M1 B1 1 to=nobody pre-order -> sent
        send     M1 B2 100001 to=nobody pre-order shares=100 -> sent
        send     M1 B2 100001 to=nobody pre-order shares=100 -> replay
        send     M1 B2 100001 to=nobody pre-order -> reused(terms)
        send     M1 B3 600 to=alice pre-order -> bug
        send     M1 B3 600 to=nobody        -> bug
        claim    B1 alice                   -> not_the_recipient
        claim    B2 alice link              -> not_shared
        tick     72h -1ms
        status   B1 sent
        tick     1ms
        status   B1 refunding
        expire                              -> refunded 1, refunded 100001
        books    M1=300000 B1=0 B2=0
        policy   pre-order-expires=1h
        send     M1 B4 600 to=nobody pre-order -> sent
        tick     1h
        expire                              -> refunded 600
        ",
    );
}

#[test]
fn a_pre_order_goes_into_one_bucket_and_to_one_person() {
    check(
        "
        merchant M1
        top-up   M1 300000 ref=T1           -> in 300000
        send     M1 B1 600 to=nobody pre-order -> sent
        send     M1 B2 600 to=nobody pre-order shares=3 -> sent
        send     M1 B3 99 to=nobody pre-order -> sent
        send     M1 B4 100001 to=nobody pre-order -> sent
        send     M1 B5 600 to=alice         -> sent
        send     M1 B6 300000 to=nobody pre-order -> landed(insufficient_funds)
        fill     L1 B1                      -> no_such_lottery
        lottery  L1 3
        lottery  L2 9
        bind     L1 B1 alice                -> not_a_prize
        fill     L1 B1 B2 B3 B4 B5 B6 B9    -> in in out_of_range out_of_range invalid invalid invalid
        fill     L1 B1                      -> repeated
        fill     L2 B1                      -> in_another
        bind     L2 B1 alice                -> not_a_prize
        bind     L1 B1 alice                -> bound B1 600
        & bind   L1 B1 bob                  -> taken
        & bind   L1 B2 alice                -> replay B1 600
        bind     L1 B1 bob                  -> taken
        bind     L1 B2 bob                  -> bound B2 600
        send     M1 B1 600 to=nobody pre-order -> replay
        claim    B1 bob                     -> not_the_recipient
        claim    B1 bob link                -> not_the_recipient
        claim    B1 alice                   -> claimed 600
        claim    B2 alice link              -> not_shared
        claim    B2 bob                     -> claimed 121
        claim    B2 alice link              -> claimed 41
        books    alice=641 bob=121
        tick     72h
        expire                              -> refunded 600, failed, refunded 438, refunded 99, refunded 100001
        ",
    );
}

#[test]
fn a_pre_order_that_nobody_opened_in_time_goes_back_bound_or_not() {
    check(
        "
        merchant M1
        top-up   M1 3000 ref=T1             -> in 3000
        send     M1 B1 600 to=nobody pre-order -> sent
        send     M1 B2 600 to=nobody pre-order -> sent
        lottery  L1 3
        fill     L1 B1 B2                   -> in in
        bind     L1 B1 alice                -> bound B1 600
        tick     72h -1ms
        send     M1 B3 600 to=nobody pre-order -> sent
        tick     1ms
        bind     L1 B2 bob                  -> taken
        fill     L1 B3                      -> in
        claim    B1 alice                   -> expired
        expire                              -> refunded 600, refunded 600
        bind     L1 B2 bob                  -> taken
        bind     L1 B3 alice                -> replay B1 600
        status   B1 refunded 600 at 72h
        ",
    );
}

#[test]
fn a_person_s_limits_count_when_a_pre_order_finds_them_as_its_risk_control_says() {
    check(
        "
        merchant M1 person-minute=1 person-packets=2 person-amount=3000
        app      registered-only
        person   alice
        top-up   M1 99000 ref=T1            -> in 99000
        send     M1 B1 600 to=nobody pre-order -> sent
        send     M1 B2 600 to=nobody pre-order -> sent
        send     M1 B3 600 to=nobody pre-order risk=ignore_rate -> sent
        send     M1 B4 600 to=nobody pre-order risk=ignore_day -> sent
        send     M1 B5 600 to=nobody pre-order risk=ignore_both -> sent
        send     M1 B6 601 to=nobody pre-order risk=ignore_both -> sent
        lottery  L1 9
        lottery  L2 9
        lottery  L3 9
        fill     L1 B1                      -> in
        fill     L2 B2 B3                   -> in in
        fill     L3 B4 B5 B6                -> in in in
        bind     L1 B1 bob                  -> not_registered
        person   alice blocked
        bind     L1 B1 alice                -> blocked
        person   alice
        bind     L1 B1 alice                -> bound B1 600
        bind     L2 B2 alice                -> person_packets_per_minute
        bind     L2 B3 alice                -> bound B3 600
        tick     1m
        send     M1 B7 600 to=nobody pre-order -> sent
        fill     L3 B7                      -> in
        bind     L3 B7 alice                -> person_packets_per_day
        bind     L3 B4 alice                -> bound B4 600
        lottery  L4 9
        send     M1 B8 601 to=nobody pre-order risk=ignore_both -> sent
        send     M1 B9 1201 to=nobody pre-order risk=ignore_both -> sent
        fill     L4 B8 B9                   -> in in
        bind     L4 B9 alice                -> person_amount_per_day
        bind     L4 B8 alice                -> bound B8 601
        ",
    );
}

#[test]
fn a_packet_of_a_corporation_is_opened_like_an_ordinary_one_and_a_mini_program_s_is_not() {
    check(
        "
        merchant M1
        top-up   M1 5000 ref=T1             -> in 5000
        send     M1 B1 600 to=alice workwx  -> sent
        send     M1 B1 600 to=alice         -> reused(terms)
        claim    B1 bob                     -> not_the_recipient
        claim    B1 alice                   -> claimed 600
        send     M1 B2 600 to=alice mini-program -> sent
        claim    B2 alice                   -> not_this_way
        claim    B2 alice link              -> not_this_way
        claim    B2 bob page                -> not_the_recipient
        books    M1=3800 alice=600 B1=0 B2=600
        claim    B2 alice page              -> claimed 600
        claim    B2 alice page              -> replay 600
        send     M1 B3 600 to=alice         -> sent
        claim    B3 alice page              -> not_this_way
        claim    B3 bob link                -> not_the_recipient
        books    M1=3200 alice=1200 B3=600
        ",
    );
}

#[test]
fn a_transfer_is_in_the_wallet_at_once() {
    check(
        "
        merchant M1
        top-up   M1 1000 ref=T1             -> in 1000
        send     M1 T1 600 to=alice transfer -> sent
        books    M1=400 alice=600 T1=0
        status   T1 received
        send     M1 T1 600 to=alice transfer -> replay
        send     M1 T1 601 to=alice transfer -> reused(total)
        send     M1 T1 600 to=bob transfer  -> reused(recipient)
        send     M1 T2 600 to=bob transfer  -> landed(insufficient_funds)
        status   T2 sending(insufficient_funds)
        books    M1=400 alice=600 bob=0
        top-up   M1 200 ref=T2              -> in 200
        send     M1 T2 600 to=bob transfer  -> sent
        books    M1=0 alice=600 bob=600 T2=0
        send     M1 T3 1 to=bob transfer    -> landed(insufficient_funds)
        claim    T1 alice                   -> not_this_way
        claim    T1 alice link              -> not_this_way
        tick     24h
        expire                              -> failed
        status   T1 received
        status   T3 failed(insufficient_funds)
        ",
    );
}

#[test]
fn transfers_and_packets_are_numbered_and_counted_apart() {
    check(
        "
        merchant M1 person-packets=1 minute=1 second=1
        top-up   M1 9000 ref=T1             -> in 9000
        send     M1 B1 600 to=alice         -> sent
        send     M1 B1 600 to=alice transfer -> sent
        send     M1 B2 600 to=alice         -> packets_per_second
        send     M1 B2 600 to=alice transfer -> packets_per_second
        tick     1m
        send     M1 B2 600 to=alice         -> landed(recipient_packets_per_day)
        send     M1 B2 600 to=alice transfer -> landed(recipient_packets_per_day)
        ",
    );
}

#[test]
fn a_second_a_minute_and_a_person_s_minute_are_limits_that_leave_nothing() {
    check(
        "
        merchant M1 second=2 minute=3 person-minute=1
        top-up   M1 9000 ref=T1             -> in 9000
        send     M1 B1 600 to=alice         -> sent
        send     M1 B2 600 to=alice         -> person_packets_per_minute
        send     M1 B2 600 to=bob           -> sent
        send     M1 B3 600 to=carol         -> packets_per_second
        tick     999ms
        send     M1 B3 600 to=carol         -> packets_per_second
        tick     1ms
        send     M1 B3 600 to=carol         -> sent
        send     M1 B4 600 to=dave          -> packets_per_minute
        status   B4 none
        tick     59s -1ms
        send     M1 B4 600 to=dave          -> packets_per_minute
        tick     1ms
        send     M1 B4 600 to=alice         -> sent
        ",
    );
}

#[test]
fn the_packets_of_a_beijing_day_are_counted_and_what_is_too_many_lands() {
    check(
        "
        merchant M1 day=2
        top-up   M1 9000 ref=T1             -> in 9000
        send     M1 B1 600 to=alice         -> sent
        send     M1 B2 600 to=bob           -> sent
        send     M1 B3 600 to=carol         -> landed(packets_per_day)
        tick     12h -1ms
        send     M1 B3 600 to=carol         -> landed(packets_per_day)
        tick     1ms
        send     M1 B3 600 to=carol         -> sent
        ",
    );
}

#[test]
fn nothing_is_sent_at_night_where_the_night_is_closed() {
    check(
        "
        merchant M1 night=closed
        top-up   M1 9000 ref=T1             -> in 9000
        tick     12h -1ms
        send     M1 B1 600 to=alice         -> sent
        tick     1ms
        send     M1 B2 600 to=alice         -> night
        send     M1 B1 600 to=alice         -> replay
        tick     8h -1ms
        send     M1 B2 600 to=alice         -> night
        status   B2 none
        tick     1ms
        send     M1 B2 600 to=alice         -> sent
        merchant M1 night=open
        tick     16h
        send     M1 B3 600 to=alice         -> sent
        ",
    );
}

#[test]
fn a_merchant_sends_after_ninety_days_here_and_thirty_of_trading() {
    check(
        "
        merchant M1 entered=0 trading=1440h
        top-up   M1 9000 ref=T1             -> in 9000
        tick     2160h -1ms
        send     M1 B1 600 to=alice         -> too_new
        tick     1ms
        send     M1 B1 600 to=alice         -> sent
        merchant M1 trading=1441h
        send     M1 B2 600 to=alice         -> too_new
        status   B2 none
        ",
    );
}

#[test]
fn a_person_who_must_be_registered_is_refused_and_one_who_is_blocked_lands() {
    check(
        "
        merchant M1
        top-up   M1 9000 ref=T1             -> in 9000
        app
        send     M1 B1 600 to=alice         -> sent
        app      registered-only
        send     M1 B2 600 to=bob           -> not_registered
        send     M1 B3 600 to=nobody pre-order -> sent
        status   B2 none
        person   bob
        send     M1 B2 600 to=bob           -> sent
        person   bob blocked
        send     M1 B4 600 to=bob           -> landed(recipient_blocked)
        status   B4 sending(recipient_blocked)
        person   bob
        send     M1 B4 600 to=bob           -> sent
        ",
    );
}

#[test]
fn a_merchant_may_have_its_own_time_until_a_packet_expires() {
    check(
        "
        merchant M1 expires=72h
        top-up   M1 9000 ref=T1             -> in 9000
        send     M1 B1 600 to=alice         -> sent
        tick     72h -1ms
        status   B1 sent
        tick     1ms
        expire                              -> refunded 600
        ",
    );
}

#[test]
fn rejections_come_in_the_order_in_which_they_are_declared() {
    check(
        "
        merchant M1 night=closed entered=0 shares=2 second=0 minute=0 person-minute=0
        app      registered-only
        tick     12h
        send     M1 B1 299 to=bob group shares=3 -> night
        merchant M1 night=open
        send     M1 B1 299 to=bob group shares=3 -> too_new
        tick     2160h
        send     M1 B1 299 to=bob group shares=3 -> not_registered
        person   bob
        send     M1 B1 299 to=bob group shares=3 -> out_of_range(100..20000)
        merchant M1 min=1
        send     M1 B1 299 to=bob group shares=3 -> scene_required
        send     M1 B1 299 to=bob group shares=3 scene -> too_many_shares
        merchant M1 shares=3
        send     M1 B1 299 to=bob group shares=3 scene -> packets_per_second
        merchant M1 second=9
        send     M1 B1 299 to=bob group shares=3 scene -> packets_per_minute
        merchant M1 minute=9
        send     M1 B1 299 to=bob group shares=3 scene -> person_packets_per_minute
        merchant M1 person-minute=9
        send     M1 B1 299 to=bob group shares=3 scene -> landed(insufficient_funds)
        ",
    );
}
