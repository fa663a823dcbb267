//! Is every call of a batch answered once, in order and truthfully, whatever the store says?

use hongbao_engine::audit::check_changes;
use hongbao_engine::batch::{Answer, Attempt, Batch};
use hongbao_engine::command::{Command, ExpirePacket, SendPacket, TopUp};
use hongbao_engine::decide::Policy;
use hongbao_engine::directory::Merchant;
use hongbao_engine::ledger::{Account, LedgerAccount};
use hongbao_engine::outcome::{Accepted, Outcome, SendOutcome};
use hongbao_engine::packet::{Claim, Decline, Due, Packet, PacketState, Product};
use hongbao_engine::rows::{Change, Changes, Gone};
use hongbao_engine::wallet::{Settled, Withdrawal, WithdrawalKey, WithdrawalState};
use hongbao_store::memory::Tables;
use hongbao_types::{Fen, Reference};
use proptest::prelude::*;

use crate::{NOON, app_id, bill_key, merchant_id, openid, packet_id, put_merchant, texts};

/// How a call is answered here when it is decided.
const DONE: Answer = Answer::Decided(Outcome::Put(Ok(())));

/// A batch of so many calls, each with one row of its own, so that the rows to load tell the size of
/// the group in work.
fn batch_of(calls: u32) -> Batch<u32> {
    let put = |call| put_merchant(Merchant::new(merchant_id(call + 1), "天虹百货"), None);
    Batch::new((0..calls).map(|call| (call, put(call))).collect())
}

fn size(batch: &Batch<u32>) -> usize {
    batch.keys().map_or(0, |keys| keys.merchants.len())
}

/// One try on an empty store.
fn attempt(batch: &mut Batch<u32>, attempt: Attempt) -> Vec<(u32, Answer)> {
    if let Some(keys) = batch.keys() {
        batch.decide(Tables::default().load(&keys), NOON, &Policy::default()).expect("books that balance");
    }
    batch.settle(attempt)
}

/// Tries the same again and again; the size of the group in each try, and the answers.
fn exhaust(mut batch: Batch<u32>, outcome: Attempt) -> (Vec<usize>, Vec<(u32, Answer)>) {
    let (mut sizes, mut answers) = (Vec::new(), Vec::new());
    while batch.keys().is_some() {
        sizes.push(size(&batch));
        answers.extend(attempt(&mut batch, outcome));
    }
    (sizes, answers)
}

#[test]
fn an_empty_batch_needs_nothing() {
    let mut batch = batch_of(0);
    assert_eq!(batch.keys(), None);
    let rows = Tables::default().load(&hongbao_engine::rows::KeySet::default());
    assert_eq!(batch.decide(rows, NOON, &Policy::default()), None);
    assert_eq!(batch.settle(Attempt::Committed), []);
    assert_eq!(batch.settle(Attempt::Bug), []);
    assert_eq!(batch.keys(), None);
}

#[test]
fn committed_calls_are_answered_in_order() {
    assert_eq!(exhaust(batch_of(3), Attempt::Committed), (vec![3], vec![(0, DONE), (1, DONE), (2, DONE)]));
}

#[test]
fn a_group_that_conflicts_five_times_is_halved_until_each_is_alone() {
    let (sizes, answers) = exhaust(batch_of(3), Attempt::Conflict);
    assert_eq!(sizes, [[3; 5], [1; 5], [2; 5], [1; 5], [1; 5]].concat());
    assert_eq!(answers, [0, 1, 2].map(|call| (call, Answer::SystemError)));
}

#[test]
fn four_conflicts_are_borne() {
    let mut batch = batch_of(4);
    for _ in 0..4 {
        assert_eq!(attempt(&mut batch, Attempt::Conflict), []);
        assert_eq!(size(&batch), 4);
    }
    assert_eq!(attempt(&mut batch, Attempt::Committed).len(), 4);
    assert_eq!(size(&batch), 0);
}

#[test]
fn the_first_half_is_answered_before_the_second_is_tried() {
    let mut batch = batch_of(5);
    for _ in 0..5 {
        assert_eq!(attempt(&mut batch, Attempt::Conflict), []);
    }
    assert_eq!(size(&batch), 2);
    assert_eq!(attempt(&mut batch, Attempt::Committed), [(0, DONE), (1, DONE)]);
    assert_eq!(size(&batch), 3);
    assert_eq!(attempt(&mut batch, Attempt::Committed), [(2, DONE), (3, DONE), (4, DONE)]);
}

#[test]
fn nobody_is_answered_while_it_is_unknown() {
    let mut batch = batch_of(2);
    for _ in 0..100 {
        assert_eq!(attempt(&mut batch, Attempt::Unknown), []);
        assert_eq!(size(&batch), 2);
    }
    assert_eq!(attempt(&mut batch, Attempt::Committed), [(0, DONE), (1, DONE)]);
}

#[test]
fn a_store_out_of_reach_three_times_did_nothing() {
    let nothing = |call| (call, Answer::Unavailable);
    assert_eq!(exhaust(batch_of(2), Attempt::Unavailable), (vec![2; 3], vec![nothing(0), nothing(1)]));

    let mut batch = batch_of(2);
    assert_eq!(attempt(&mut batch, Attempt::Unavailable), []);
    assert_eq!(attempt(&mut batch, Attempt::Unavailable), []);
    assert_eq!(attempt(&mut batch, Attempt::Committed), [(0, DONE), (1, DONE)]);
}

#[test]
fn a_store_out_of_reach_after_an_unknown_commit_is_waited_for() {
    for split in [Attempt::Unavailable, Attempt::Bug] {
        let mut batch = batch_of(2);
        assert_eq!(attempt(&mut batch, Attempt::Unknown), []);
        assert_eq!(attempt(&mut batch, split), []);
        for _ in 0..100 {
            assert_eq!(attempt(&mut batch, Attempt::Unavailable), []);
        }
        let mut answers = attempt(&mut batch, Attempt::Committed);
        for _ in 0..100 {
            assert_eq!(attempt(&mut batch, Attempt::Unavailable), []);
        }
        answers.extend(attempt(&mut batch, Attempt::Committed));
        assert_eq!(answers, [(0, DONE), (1, DONE)]);
    }
}

#[test]
fn a_bug_is_halved_until_the_culprit_is_alone() {
    let culprit = 5;
    let mut batch = batch_of(8);
    let (mut sizes, mut answers, mut next) = (Vec::new(), Vec::new(), 0);
    while batch.keys().is_some() {
        sizes.push(size(&batch));
        let is_in = (next..next + size(&batch)).contains(&culprit);
        let answered = attempt(&mut batch, if is_in { Attempt::Bug } else { Attempt::Committed });
        next += answered.len();
        answers.extend(answered);
    }
    assert_eq!(sizes, [8, 4, 4, 2, 1, 1, 2]);
    let expected = |call| (call, if call == 5 { Answer::SystemError } else { DONE });
    assert_eq!(answers, [0, 1, 2, 3, 4, 5, 6, 7].map(expected));
}

#[test]
fn a_command_that_contradicts_the_books_changes_nothing_and_spoils_nothing() {
    let nowhere = Due { at: NOON, packet: packet_id(1), payer: merchant_id(1) };
    let calls = vec![
        (0, put_merchant(Merchant::new(merchant_id(1), "天虹百货"), None)),
        (1, Command::ExpirePacket(ExpirePacket { due: nowhere })),
        (2, top_up(500)),
    ];
    let mut tables = Tables::default();
    let answers = commit_what_balances(&mut tables, Batch::new(calls));
    assert_eq!(answers[0], (0, DONE));
    assert!(matches!(answers[1], (1, Answer::Decided(Outcome::Bug(_)))), "{answers:?}");
    assert!(matches!(answers[2], (2, Answer::Decided(Outcome::TopUp(Ok(_))))), "{answers:?}");
    assert_eq!(funds(&tables), Some(Fen::new(500)));
    assert!(tables.audit().is_clean());
}

/// A row was damaged: funds below zero. It shows only after the other account was changed.
#[test]
fn what_a_command_changed_before_it_contradicts_the_books_is_taken_back() {
    let mut tables = Tables::default();
    let damaged = Account { debits: Fen::new(1000), ..Account::default() };
    let accounts = vec![(LedgerAccount::MerchantFunds(merchant_id(1)), Change::Insert(damaged))];
    tables.apply(&Changes { accounts, ..Changes::default() }).unwrap();
    let calls = vec![(0, put_merchant(Merchant::new(merchant_id(1), "天虹百货"), None)), (1, top_up(500))];
    let answers = commit_what_balances(&mut tables, Batch::new(calls));
    assert_eq!(answers[0], (0, DONE));
    assert!(matches!(answers[1], (1, Answer::Decided(Outcome::Bug(_)))), "{answers:?}");
    assert_eq!(tables.account(&LedgerAccount::Settlement), Account::default());
}

/// A row was damaged: a packet that has not been sent, and one fen claimed of it.
#[test]
fn books_that_would_not_balance_are_not_written() {
    let mut tables = Tables::default();
    let damaged = Packet { claimed: Fen::new(1), claimed_count: 1, ..landed() };
    let packets = vec![Change::Insert(damaged)];
    tables.apply(&Changes { packets, ..Changes::default() }).unwrap();
    let calls = vec![
        (0, put_merchant(Merchant::new(merchant_id(1), "天虹百货"), None)),
        (1, top_up(1000)),
        (2, Command::SendPacket(Box::new(send(1)))),
        (3, Command::SendPacket(Box::new(send(2)))),
    ];
    let answers = commit_what_balances(&mut tables, Batch::new(calls));
    let accepted = Accepted { packet: packet_id(2), sent_at: NOON, is_replay: false };
    assert_eq!(answers[0], (0, DONE));
    assert!(matches!(answers[1], (1, Answer::Decided(Outcome::TopUp(Ok(_))))), "{answers:?}");
    assert_eq!(answers[2], (2, Answer::SystemError));
    assert_eq!(answers[3], (3, Answer::Decided(Outcome::Send(SendOutcome::Accepted(accepted)))));
    assert_eq!(funds(&tables), Some(Fen::new(400)));
}

/// Of who is erased the name changes, and nothing else: neither a posting nor what was settled.
#[test]
fn nobody_is_erased_together_with_their_postings() {
    let wallet = |name| LedgerAccount::RecipientWallet(app_id(1), openid(name));
    let account = |fen| Account { debits: Fen::new(fen), credits: Fen::new(fen), ..Account::default() };
    let claim = |name, fen| Claim {
        packet: packet_id(1),
        app: app_id(1),
        openid: openid(name),
        index: 0,
        amount: Fen::new(fen),
        claimed_at: NOON,
        previous: None,
    };
    let withdrawal = |name, fen, state| Withdrawal {
        key: WithdrawalKey { app: app_id(1), reference: Reference::try_new("W1").unwrap() },
        openid: openid(name),
        amount: Fen::new(fen),
        held_at: NOON,
        state,
        previous: None,
    };
    let paid = || WithdrawalState::Confirmed(Settled { reference: Reference::try_new("P1").unwrap(), at: NOON });
    let update = |before, after| vec![Change::Update { before, after }];
    let whole = Changes {
        claims: vec![Change::Insert(claim("x", 5))],
        accounts: vec![(wallet("x"), Change::Insert(account(5)))],
        withdrawals: update(withdrawal("alice", 5, paid()), withdrawal("x", 5, paid())),
        gone: Gone {
            claims: vec![claim("alice", 5)],
            accounts: vec![(wallet("alice"), account(5))],
            ..Gone::default()
        },
        ..Changes::default()
    };
    assert_eq!(check_changes(&whole), Ok(()));
    let held = || WithdrawalState::Held;
    for (what, wrong) in [
        ("a claim that is gone", Changes { claims: vec![], ..whole.clone() }),
        ("a claim of another amount", Changes { claims: vec![Change::Insert(claim("x", 6))], ..whole.clone() }),
        ("a wallet that is gone", Changes { accounts: vec![], ..whole.clone() }),
        (
            "a wallet of another sum",
            Changes { accounts: vec![(wallet("x"), Change::Insert(account(6)))], ..whole.clone() },
        ),
        (
            "a withdrawal of another amount",
            Changes {
                withdrawals: update(withdrawal("alice", 5, paid()), withdrawal("x", 6, paid())),
                ..whole.clone()
            },
        ),
        (
            "a withdrawal that is held",
            Changes {
                withdrawals: update(withdrawal("alice", 5, held()), withdrawal("x", 5, held())),
                ..whole.clone()
            },
        ),
        (
            "a withdrawal that is held again",
            Changes {
                withdrawals: update(withdrawal("alice", 5, paid()), withdrawal("alice", 5, held())),
                ..whole.clone()
            },
        ),
    ] {
        assert!(check_changes(&wrong).is_err(), "{what}");
    }
}

/// Drives the batch as a store would that never fails.
fn commit_what_balances(tables: &mut Tables, mut batch: Batch<u32>) -> Vec<(u32, Answer)> {
    let mut answers = Vec::new();
    while let Some(keys) = batch.keys() {
        let attempt = match batch.decide(tables.load(&keys), NOON, &Policy::default()) {
            None => Attempt::Bug,
            Some(changes) => {
                tables.apply(&changes).expect("keys that are free");
                Attempt::Committed
            }
        };
        answers.extend(batch.settle(attempt));
    }
    answers
}

fn funds(tables: &Tables) -> Option<Fen> {
    tables.account(&LedgerAccount::MerchantFunds(merchant_id(1))).balance()
}

fn top_up(fen: u32) -> Command {
    let reference = Reference::try_new("T1").expect("a reference");
    Command::TopUp(TopUp { reference, merchant: merchant_id(1), amount: Fen::new(fen) })
}

fn send(number: u64) -> SendPacket {
    SendPacket {
        packet_id: packet_id(number),
        bill: bill_key(1, &format!("B{number}")),
        product: Product::Ordinary,
        payer: merchant_id(1),
        app: app_id(1),
        on_behalf_of: None,
        recipient: Some(openid("alice")),
        total: Fen::new(600),
        share_count: 1,
        texts: texts(None),
        pre_order: None,
    }
}

/// What `send(1)` leaves behind when there is no money.
fn landed() -> Packet {
    let mut tables = Tables::default();
    let merchant = put_merchant(Merchant::new(merchant_id(1), "天虹百货"), None);
    let calls = vec![(0, merchant), (1, Command::SendPacket(Box::new(send(1))))];
    commit_what_balances(&mut tables, Batch::new(calls));
    let packet = tables.packet_by_bill(&send(1).bill).expect("a packet that landed");
    assert_eq!(packet.state, PacketState::Landed(Decline::InsufficientFunds));
    packet.clone()
}

fn any_attempt() -> impl Strategy<Value = Attempt> {
    use Attempt::{Bug, Committed, Conflict, Unavailable, Unknown};
    prop_oneof![
        3 => Just(Conflict),
        2 => Just(Committed),
        1 => Just(Unknown),
        2 => Just(Unavailable),
        1 => Just(Bug),
    ]
}

proptest! {
    #[test]
    fn every_call_is_answered_once_in_order_and_truthfully(
        calls in 0_u32..12,
        attempts in prop::collection::vec(any_attempt(), 0..60),
    ) {
        let mut batch = batch_of(calls);
        let mut attempts = attempts.into_iter();
        let mut is_in_doubt = vec![false; usize::try_from(calls).unwrap()];
        let mut next = 0_u32;
        while batch.keys().is_some() {
            let in_work = next..next + u32::try_from(size(&batch)).unwrap();
            let tried = attempts.next().unwrap_or(Attempt::Committed);
            let answers = attempt(&mut batch, tried);
            if tried == Attempt::Unknown {
                in_work.clone().for_each(|call| is_in_doubt[usize::try_from(call).unwrap()] = true);
            }

            // All of the group in work are answered, or none.
            let answered: Vec<u32> = answers.iter().map(|(call, _)| *call).collect();
            prop_assert!(answers.is_empty() || answered == in_work.clone().collect::<Vec<_>>(), "{answered:?}");
            for (call, answer) in answers {
                match answer {
                    Answer::Decided(_) => prop_assert_eq!(tried, Attempt::Committed),
                    Answer::Unavailable => {
                        prop_assert_eq!(tried, Attempt::Unavailable);
                        prop_assert!(!is_in_doubt[usize::try_from(call).unwrap()], "something may have been done");
                    }
                    Answer::SystemError => {
                        prop_assert!(matches!(tried, Attempt::Conflict | Attempt::Bug), "{:?}", tried);
                        prop_assert_eq!(in_work.len(), 1, "a group is halved, not given up");
                    }
                }
                next += 1;
            }
            prop_assert!(tried != Attempt::Committed || in_work.is_empty() || next == in_work.end);
        }
        prop_assert_eq!(next, calls);
    }
}
