//! Are the shares of a packet what `docs/draw.md` says, and fair?
#![expect(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::float_arithmetic,
    reason = "a test fails when one of its steps does; its numbers are small, and statistics have fractions"
)]

use hongbao_engine::draw::{DrawKeys, DrawRule, DrawSeed};
use hongbao_types::{DrawKey, Fen};
use proptest::prelude::*;

use crate::packet_id;

/// What the page of the frozen algorithm says, line by line of its vectors.
const PAGE: &str = include_str!("../../../../docs/draw.md");

/// The cells of the table whose head has this name in it, row by row, without code marks.
fn table(head: &str) -> impl Iterator<Item = Vec<&'static str>> {
    let rows = PAGE.lines().skip_while(move |line| !line.starts_with(&format!("| {head}"))).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`')).collect())
}

fn bytes(hex: &str) -> [u8; 32] {
    let digits = hex.as_bytes().chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap());
    digits.collect::<Vec<_>>().try_into().unwrap()
}

fn rule(name: &str) -> DrawRule {
    DrawRule::from_name(name).unwrap()
}

fn fen(amounts: &str) -> Vec<Fen> {
    amounts.split_whitespace().map(|amount| amount.parse().unwrap()).collect()
}

#[test]
fn a_seed_follows_from_key_and_packet_as_the_page_says() {
    let mut count = 0;
    for row in table("draw key") {
        let [key, packet, seed, commitment] = row.try_into().unwrap();
        let keys = DrawKeys::new(vec![(1, DrawKey::new([9; 32])), (2, DrawKey::new(bytes(key)))]);
        let found = keys.seed(2, &packet.parse().unwrap()).unwrap();
        assert_eq!((found.expose(), found.commitment()), (&bytes(seed), bytes(commitment)));
        assert_ne!(keys.seed(1, &packet.parse().unwrap()), Some(found));
        assert_eq!(keys.seed(3, &packet.parse().unwrap()), None);
        count += 1;
    }
    assert_eq!(count, 3);
}

#[test]
fn shares_are_what_the_page_says() {
    let mut count = 0;
    for row in table("seed") {
        let [seed, name, total, number, shares] = row.try_into().unwrap();
        let drawn = DrawSeed::new(bytes(seed)).shares(rule(name), total.parse().unwrap(), number.parse().unwrap());
        assert_eq!(drawn, Some(fen(shares)), "{name} {total} in {number}");
        count += 1;
    }
    assert_eq!(count, 9);
}

#[test]
fn a_seed_does_not_print() {
    assert_eq!(format!("{:?}", DrawSeed::new([7; 32])), "DrawSeed(***)");
    let keys = DrawKeys::new(vec![(1, DrawKey::new([7; 32]))]);
    assert_eq!(format!("{keys:?}"), "DrawKeys([(1, DrawKey(***))])");
}

/// What one live draw may be, by what is publicly known: a fen at least, twice the average at most, and a fen for each
/// who comes later.
fn is_legal(shares: &[i64]) -> bool {
    (0..shares.len()).all(|place| {
        let (rest, count) = (shares[place..].iter().sum::<i64>(), (shares.len() - place) as i64);
        let most = if count == 1 { rest } else { (2 * rest / count).min(rest - (count - 1)) };
        (1..=most).contains(&shares[place])
    })
}

#[test]
fn the_public_trace_of_three_shares_is_a_legal_draw() {
    assert!(is_legal(&[197, 102, 1]));
    for wrong in [&[201, 98, 1][..], &[197, 103, 0], &[0, 299, 1]] {
        assert!(!is_legal(wrong), "{wrong:?}");
    }
}

proptest! {
    #[test]
    fn shares_add_up_and_none_is_empty(seed: [u8; 32], count in 1_u32..60, spare in 0_u32..50_000) {
        let seed = DrawSeed::new(seed);
        let total = Fen::new(count + spare);
        let live = seed.shares(DrawRule::Live, total, count).unwrap();
        let amounts: Vec<i64> = live.iter().map(|share| share.as_i64()).collect();
        prop_assert!(is_legal(&amounts), "{:?}", amounts);
        let mut rest = total;
        for (index, share) in live.iter().enumerate() {
            let index = u32::try_from(index).unwrap();
            prop_assert_eq!(seed.live_share(index, rest, count - index), Some(*share), "one by one as all at once");
            rest = rest.checked_sub(*share).unwrap();
        }
        prop_assert_eq!(rest, Fen::ZERO);
        let mut shuffled = seed.shares(DrawRule::Shuffled, total, count).unwrap();
        let mut sorted = live;
        sorted.sort_unstable();
        shuffled.sort_unstable();
        prop_assert_eq!(shuffled, sorted, "the same shares in another order");
    }
}

#[test]
fn what_has_no_fen_for_each_is_not_drawn() {
    let seed = DrawSeed::new([7; 32]);
    for rule in DrawRule::ALL {
        assert_eq!(seed.shares(rule, Fen::new(2), 3), None);
        assert_eq!(seed.shares(rule, Fen::new(3), 3), Some(vec![Fen::new(1); 3]));
        assert_eq!(seed.shares(rule, Fen::MAX, 2).unwrap().iter().map(|share| share.as_i64()).sum::<i64>(), i64::MAX);
    }
    assert_eq!(seed.live_share(0, Fen::new(1), 0), None);
}

const DRAWS: u32 = 4000;
const PLACES: usize = 10;
const TOTAL: u32 = 10_000;

/// For each place: the mean share in averages, its variance in squares of the average, and how often it is the best.
fn statistics(rule: DrawRule) -> [(f64, f64, f64); PLACES] {
    let keys = DrawKeys::new(vec![(1, DrawKey::new([1; 32]))]);
    let average = f64::from(TOTAL) / PLACES as f64;
    let (mut sums, mut squares, mut best) = ([0.0; PLACES], [0.0; PLACES], [0.0; PLACES]);
    for number in 0..DRAWS {
        let seed = keys.seed(1, &packet_id(u64::from(number))).unwrap();
        let shares = seed.shares(rule, Fen::new(TOTAL), PLACES as u32).unwrap();
        for (place, share) in shares.iter().enumerate() {
            let share = share.as_i64() as f64 / average;
            sums[place] += share;
            squares[place] += share * share;
        }
        let most = shares.iter().max().unwrap();
        best[shares.iter().position(|share| share == most).unwrap()] += 1.0;
    }
    let draws = f64::from(DRAWS);
    std::array::from_fn(|place| {
        let mean = sums[place] / draws;
        (mean, squares[place] / draws - mean * mean, best[place] / draws)
    })
}

/// By the seeds of 4000 packets, which never change: bounds are five standard errors.
#[test]
fn a_live_draw_is_fair_on_average_and_wilder_at_its_end() {
    // What follows from the rule, for shares that are not rounded.
    let variances = [0.333, 0.339, 0.346, 0.355, 0.367, 0.386, 0.415, 0.467, 0.589, 0.589];
    for ((mean, variance, _), expected) in statistics(DrawRule::Live).into_iter().zip(variances) {
        assert!((mean - 1.0).abs() < 5.0 * (expected / f64::from(DRAWS)).sqrt(), "{mean}");
        assert!((variance / expected - 1.0).abs() < 0.12, "{variance}, not {expected}");
    }
}

#[test]
fn a_shuffled_draw_treats_every_place_alike() {
    let places = statistics(DrawRule::Shuffled);
    let expected = 0.419;
    for (mean, variance, best) in places {
        assert!((mean - 1.0).abs() < 5.0 * (expected / f64::from(DRAWS)).sqrt(), "{mean}");
        assert!((variance / expected - 1.0).abs() < 0.12, "{variance}");
        assert!((best - 0.1).abs() < 5.0 * (0.09 / f64::from(DRAWS)).sqrt(), "{best}");
    }
    // How often each place is the best: chi square of nine degrees of freedom, above 27.9 once in a thousand.
    let expected = f64::from(DRAWS) / PLACES as f64;
    let chi: f64 = places.iter().map(|(_, _, best)| (best * f64::from(DRAWS) - expected).powi(2) / expected).sum();
    assert!(chi < 27.9, "{chi}");
}
