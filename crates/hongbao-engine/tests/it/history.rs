//! Does deciding in groups come to the same as deciding one by one?
//!
//! Random histories go through [`Batch`] over the in-memory tables, with commits that conflict, fail or
//! end unknown, and through a model written as plainly as can be: no rows, no counters, no batches, a
//! list of all that was ever sent. Answers, money and states must be the same after every batch.

mod model;

use std::collections::{BTreeSet, HashMap};

use hongbao_engine::batch::{Answer, Attempt, Batch};
use hongbao_engine::command::{
    ClaimShare, ClaimWay, Command, ExpirePacket, HoldWithdrawal, SendPacket, SetClock, SettleWithdrawal, TopUp,
};
use hongbao_engine::decide::Policy;
use hongbao_engine::directory::{App, Merchant, PersonId};
use hongbao_engine::draw::DrawRule;
use hongbao_engine::ledger::LedgerAccount;
use hongbao_engine::limits::Limits;
use hongbao_engine::outcome::Outcome;
use hongbao_engine::packet::{BillKey, Due, Family, Product};
use hongbao_engine::rows::KeySet;
use hongbao_engine::wallet::{Settlement, WithdrawalKey};
use hongbao_store::memory::Tables;
use hongbao_types::{Fen, OpenId, PacketId, Reference, Timestamp};
use proptest::prelude::*;

use crate::{
    DAY_MS, HOUR_MS, MINUTE_MS, NOON, app_id, bill_key, draw_keys, merchant_id, openid, packet_id, put_merchant, texts,
};
use model::Model;

const MERCHANTS: [u32; 2] = [1, 2];
const PEOPLE: [&str; 3] = ["alice", "bob", "carol"];
/// How many bill numbers each merchant uses: few, so that calls meet.
const BILLS: u32 = 20;

/// Something asked; which packets and ids it is about comes out when it is its turn.
#[derive(Clone, Debug)]
enum Ask {
    Send { merchant: u32, bill: u32, change: Option<Variation> },
    Claim { merchant: u32, bill: u32, person: Option<usize>, app: u32, way: ClaimWay },
    Expire { merchant: u32, bill: u32 },
    ExpireAllDue,
    TopUp { reference: u32, merchant: u32, fen: u32 },
    PutMerchant { merchant: u32, limits: usize, frozen: bool, replace: bool },
    PutApp { merchants: u32, replace: bool },
    Hold { reference: u32, person: usize, fen: u32 },
    Settle { reference: u32, person: usize, how: Settlement, by: u32 },
    SetClock { ahead_ms: i64 },
}

/// In what a send differs from the usual one with its bill number.
#[derive(Clone, Debug)]
enum Variation {
    Person(usize),
    Total(u32),
    Payer(u32),
    Scene,
}

/// One batch, and how it fares.
#[derive(Clone, Debug)]
struct Step {
    /// How much time goes by before it; below zero, the clock was put back.
    passes_ms: i64,
    asks: Vec<Ask>,
    /// How the tries go; when there are no more, the rest commit.
    tries: Vec<Try>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Try {
    Committed,
    Conflict,
    UnknownApplied,
    UnknownLost,
    Unavailable,
    Bug,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]
    #[test]
    fn deciding_in_groups_comes_to_the_same_as_one_by_one(
        steps in prop::collection::vec(step(), 40..120),
    ) {
        let mut history = History::new();
        for step in steps {
            history.run(step);
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    let passes_ms = prop_oneof![
        6 => Just(0),
        6 => 1..MINUTE_MS,
        6 => MINUTE_MS..HOUR_MS,
        2 => HOUR_MS..DAY_MS,
        2 => -HOUR_MS..0,
        1 => -DAY_MS..0,
    ];
    let asks = prop::collection::vec(ask(), 1..=8);
    (passes_ms, asks, tries()).prop_map(|(passes_ms, asks, tries)| Step { passes_ms, asks, tries })
}

fn tries() -> impl Strategy<Value = Vec<Try>> {
    let any = prop_oneof![
        2 => Just(Try::Committed),
        2 => Just(Try::Conflict),
        2 => Just(Try::UnknownApplied),
        1 => Just(Try::UnknownLost),
        2 => Just(Try::Unavailable),
        1 => Just(Try::Bug),
    ];
    let halving = (prop::collection::vec(any.clone(), 0..3), 5_usize..12, prop::collection::vec(any.clone(), 0..5));
    prop_oneof![
        5 => Just(Vec::new()),
        4 => prop::collection::vec(any, 1..6),
        1 => halving.prop_map(|(first, conflicts, last)| [first, vec![Try::Conflict; conflicts], last].concat()),
    ]
}

fn ask() -> impl Strategy<Value = Ask> {
    let merchant = || prop::sample::select(&MERCHANTS);
    let bill = || 0..BILLS;
    let variation = prop_oneof![
        (0..PEOPLE.len()).prop_map(Variation::Person),
        prop::sample::select(&[0, 99, 100, 101, 600, 20_000, 20_001]).prop_map(Variation::Total),
        merchant().prop_map(Variation::Payer),
        Just(Variation::Scene),
    ];
    let frozen = prop::bool::weighted(0.2);
    prop_oneof![
        12 => (merchant(), bill(), prop::option::weighted(0.25, variation))
            .prop_map(|(merchant, bill, change)| Ask::Send { merchant, bill, change }),
        8 => (merchant(), bill(), prop::option::weighted(0.2, 0..PEOPLE.len()), prop_oneof![9 => Just(1), 1 => Just(2)])
            .prop_map(|(merchant, bill, person, app)| Ask::Claim { merchant, bill, person, app, way: ClaimWay::Message }),
        // The shares of a group packet.
        6 => (merchant(), 12_u32..=13, prop::option::weighted(0.7, 0..PEOPLE.len())).prop_map(
            |(merchant, bill, person)| Ask::Claim { merchant, bill, person, app: 1, way: ClaimWay::Link }
        ),
        2 => (merchant(), bill()).prop_map(|(merchant, bill)| Ask::Expire { merchant, bill }),
        2 => Just(Ask::ExpireAllDue),
        4 => (0_u32..40, merchant(), prop::sample::select(&[0, 1, 500, 3_000]))
            .prop_map(|(reference, merchant, fen)| Ask::TopUp { reference, merchant, fen }),
        1 => (merchant(), 0..limits().len(), frozen, any::<bool>())
            .prop_map(|(merchant, limits, frozen, replace)| Ask::PutMerchant { merchant, limits, frozen, replace }),
        1 => (1_u32..3, any::<bool>()).prop_map(|(merchants, replace)| Ask::PutApp { merchants, replace }),
        4 => (0_u32..12, 0..PEOPLE.len(), prop::sample::select(&[0, 1, 100, 400]))
            .prop_map(|(reference, person, fen)| Ask::Hold { reference, person, fen }),
        4 => (0_u32..12, 0..PEOPLE.len(), prop::sample::select(&[Settlement::Confirm, Settlement::Cancel]), 0_u32..2)
            .prop_map(|(reference, person, how, by)| Ask::Settle { reference, person, how, by }),
        1 => prop::sample::select(&[-1, 0, 1, HOUR_MS]).prop_map(|ahead_ms| Ask::SetClock { ahead_ms }),
    ]
}

/// The limits that merchants get in turn: narrow, so that they bite.
fn limits() -> [Limits; 4] {
    let narrow = Limits {
        packets_per_minute: 6,
        recipient_packets_per_day: 3,
        recipient_amount_per_day: Fen::new(1000),
        amount_per_day: Fen::new(2000),
        ..Limits::default()
    };
    [
        Limits {
            amount_min: Fen::new(1),
            amount_max: Fen::new(30_000),
            recipient_packets_per_day: 2,
            ..narrow.clone()
        },
        Limits { recipient_packets_per_day: 9, recipient_amount_per_day: Fen::new(900), ..narrow.clone() },
        Limits { amount_per_day: Fen::new(1200), packets_per_minute: 2, ..narrow.clone() },
        Limits { amount_min: Fen::new(200), scene_below: Fen::new(400), ..narrow },
    ]
}

/// One history: the tables, the model, and the time.
struct History {
    tables: Tables,
    model: Model,
    policy: Policy,
    /// The time without the sandbox's offset.
    real: Timestamp,
    /// The latest it ever was.
    latest: Timestamp,
    /// How many packets were asked for: each has an id of its own.
    asked: u64,
}

impl History {
    fn new() -> History {
        let policy = Policy {
            is_sandbox: true,
            draw_keys: draw_keys(),
            expires_after_ms: DAY_MS,
            fails_after_ms: 6 * HOUR_MS,
            ..Policy::default()
        };
        let model = Model::new(policy.clone());
        let mut history = History { tables: Tables::default(), model, policy, real: NOON, latest: NOON, asked: 0 };
        let merchants =
            MERCHANTS.map(|merchant| Ask::PutMerchant { merchant, limits: 0, frozen: false, replace: false });
        history.run(Step { passes_ms: 0, asks: merchants.to_vec(), tries: Vec::new() });
        history
    }

    /// Takes the batch through, and compares.
    fn run(&mut self, step: Step) {
        // Put back by more than a minute, the clock was wrong before: counters then begin anew, which the
        // model, who counts by what happened, does not know.
        self.real = self.real.plus_millis(step.passes_ms).max(self.latest.plus_millis(-60_000));
        self.latest = self.latest.max(self.real);
        let commands = self.commands(step.asks);
        let mut batch = Batch::new(commands.iter().cloned().enumerate().collect());
        let mut tries = step.tries.into_iter();
        let mut written: HashMap<usize, Outcome> = HashMap::new();
        let (mut answered, mut may_be_halved, mut conflicts, mut is_in_doubt) = (0, false, 0, false);
        while let Some(keys) = batch.keys() {
            let mut attempted = tries.next().unwrap_or(Try::Committed);
            // Once it may be halved, which calls are in work shows only in the answers: nothing is
            // written then that is not answered.
            if attempted == Try::UnknownApplied && may_be_halved {
                attempted = Try::UnknownLost;
            }
            self.model.offset_ms_loaded = self.model.offset_ms;
            let now = self.real.plus_millis(self.model.offset_ms);
            let changes = batch.decide(self.tables.load(&keys), now, &self.policy).expect("books that balance");
            if matches!(attempted, Try::Committed | Try::UnknownApplied) {
                self.tables.apply(&changes).expect("keys that are free");
            }
            let answers = match attempted {
                Try::Committed => batch.settle(Attempt::Committed),
                Try::Conflict => batch.settle(Attempt::Conflict),
                Try::UnknownApplied | Try::UnknownLost => batch.settle(Attempt::Unknown),
                Try::Unavailable => batch.settle(Attempt::Unavailable),
                Try::Bug => batch.settle(Attempt::Bug),
            };
            if attempted == Try::UnknownApplied {
                assert!(answers.is_empty(), "answered before it is known");
                for (call, command) in commands.iter().enumerate() {
                    let outcome = self.model.decide(command, now);
                    if written.get(&call).is_none_or(|first| first.repeated() != outcome) {
                        written.insert(call, outcome);
                    }
                }
            }
            conflicts += u32::from(attempted == Try::Conflict);
            may_be_halved |= attempted == Try::Bug || conflicts == 5;
            is_in_doubt |= !may_be_halved && matches!(attempted, Try::UnknownApplied | Try::UnknownLost);
            for (call, answer) in answers {
                assert_eq!(call, answered, "answers come in the order of the calls");
                answered += 1;
                match answer {
                    Answer::Decided(outcome) => {
                        assert_eq!(attempted, Try::Committed);
                        let mut expected = self.model.decide(&commands[call], now);
                        // What was written though its answer was lost is told as if nothing had happened.
                        if let Some(first) = written.remove(&call).filter(|first| first.repeated() == expected) {
                            expected = first;
                        }
                        assert_eq!(outcome, expected, "{:?} at {now:?}", commands[call]);
                    }
                    Answer::Unavailable => {
                        assert!(attempted == Try::Unavailable && !is_in_doubt, "something may have been done");
                    }
                    Answer::SystemError => assert!(matches!(attempted, Try::Conflict | Try::Bug)),
                }
            }
        }
        assert_eq!(answered, commands.len(), "every call is answered");
        self.compare();
    }

    /// The commands that `asks` come to.
    fn commands(&mut self, asks: Vec<Ask>) -> Vec<Command> {
        let now = self.real.plus_millis(self.model.offset_ms);
        let mut commands: Vec<Command> = Vec::new();
        for ask in asks {
            match ask {
                Ask::Send { merchant, bill, change } => {
                    let send = self.send(merchant, bill, change.as_ref());
                    commands.push(Command::SendPacket(Box::new(send)));
                }
                Ask::Claim { merchant, bill, person, app, way } => {
                    let (packet, recipient) = self.find(&key(merchant, bill), &commands);
                    let openid = openid(person.map_or(PEOPLE[recipient], |person| PEOPLE[person]));
                    commands.push(Command::ClaimShare(ClaimShare {
                        packet,
                        app: app_id(app),
                        openid,
                        way,
                        registered_only: false,
                    }));
                }
                Ask::Expire { merchant, bill } => {
                    if let Some(packet) = self.tables.packet_by_bill(&key(merchant, bill)) {
                        let due = Due { at: packet.deadline, packet: packet.id.clone(), payer: packet.payer.clone() };
                        commands.push(Command::ExpirePacket(ExpirePacket { due }));
                    }
                }
                Ask::ExpireAllDue => {
                    let due = self.tables.due(now, None).cloned();
                    commands.extend(due.map(|due| Command::ExpirePacket(ExpirePacket { due })));
                }
                Ask::TopUp { reference, merchant, fen } => commands.push(Command::TopUp(TopUp {
                    reference: Reference::try_new(&format!("T{reference}")).expect("a reference"),
                    merchant: merchant_id(merchant),
                    amount: Fen::new(fen),
                })),
                Ask::PutMerchant { merchant, limits: number, frozen, replace } => {
                    let merchant = Merchant::new(merchant_id(merchant), "天虹百货");
                    let draw_rule = if frozen { DrawRule::Shuffled } else { DrawRule::Live };
                    let merchant = Merchant { limits: limits()[number].clone(), frozen, draw_rule, ..merchant };
                    let before = self.model.merchants.get(&merchant.id).filter(|_| replace).cloned();
                    commands.push(put_merchant(merchant, before));
                }
                Ask::PutApp { merchants, replace } => {
                    let merchants = (1..=merchants).map(merchant_id).collect();
                    let app = App { merchants, ..App::new(app_id(1)) };
                    let instead_of = self.model.apps.get(&app.id).filter(|_| replace).cloned();
                    commands.push(Command::PutApp(Box::new(hongbao_engine::command::PutApp { app, instead_of })));
                }
                Ask::Hold { reference, person, fen } => commands.push(Command::HoldWithdrawal(HoldWithdrawal {
                    key: withdrawal_key(reference),
                    openid: openid(PEOPLE[person]),
                    amount: Fen::new(fen),
                })),
                Ask::Settle { reference, person, how, by } => {
                    commands.push(Command::SettleWithdrawal(SettleWithdrawal {
                        key: withdrawal_key(reference),
                        openid: openid(PEOPLE[person]),
                        how,
                        operator_reference: Reference::try_new(&format!("P{by}")).expect("a reference"),
                    }));
                }
                Ask::SetClock { ahead_ms } => {
                    commands.push(Command::SetClock(SetClock { to: now.plus_millis(ahead_ms) }));
                }
            }
        }
        commands
    }

    /// The usual packet with this number, or one that differs.
    fn send(&mut self, merchant: u32, bill: u32, change: Option<&Variation>) -> SendPacket {
        self.asked += 1;
        let mut send = SendPacket {
            packet_id: packet_id(self.asked),
            bill: key(merchant, bill),
            product: product_of(bill),
            payer: merchant_id(merchant),
            app: app_id(1),
            on_behalf_of: None,
            recipient: Some(openid(PEOPLE[usual_recipient(bill)])),
            total: Fen::new([100, 300, 600, 900, 99][bill as usize % 5]),
            share_count: if product_of(bill) == Product::Group { 3 } else { 1 },
            texts: texts((bill == 4).then_some("PRODUCT_8")),
            pre_order: None,
        };
        match change {
            None => {}
            Some(Variation::Person(person)) => send.recipient = Some(openid(PEOPLE[*person])),
            Some(Variation::Total(fen)) => send.total = Fen::new(*fen),
            Some(Variation::Payer(merchant)) => send.payer = merchant_id(*merchant),
            Some(Variation::Scene) => send.texts = texts(Some("PRODUCT_1")),
        }
        send
    }

    /// Which packet a person means: the one that is there, the one that comes with this batch, or none.
    fn find(&self, bill: &BillKey, batch: &[Command]) -> (PacketId, usize) {
        let place = |openid: &Option<_>| {
            PEOPLE.iter().position(|name| *openid == Some(crate::openid(name))).expect("one of the three")
        };
        if let Some(packet) = self.tables.packet_by_bill(bill) {
            return (packet.id.clone(), place(&packet.recipient));
        }
        let coming = batch.iter().find_map(|command| {
            let Command::SendPacket(send) = command else { return None };
            (send.bill == *bill).then(|| (send.packet_id.clone(), place(&send.recipient)))
        });
        coming.unwrap_or_else(|| (packet_id(0), 0))
    }

    /// Every fen, every packet and every piece of due work is where the model has it.
    fn compare(&self) {
        let report = self.tables.audit();
        assert!(report.is_clean(), "{report:?}");
        let now = self.real.plus_millis(self.model.offset_ms);
        let mut due = BTreeSet::new();
        for (merchant, bill) in MERCHANTS.iter().flat_map(|merchant| (0..BILLS).map(|bill| (*merchant, bill))) {
            let key = key(merchant, bill);
            let packet = self.tables.packet_by_bill(&key);
            assert_eq!(packet.map(|packet| packet.status(now)), self.model.status(&key, now), "{key:?} at {now:?}");
            if let Some(packet) = packet.filter(|packet| packet.is_accepted()) {
                let escrow = packet.escrow().expect("an escrow not overdrawn");
                let sum = packet.claimed.as_i64() + packet.refunded.as_i64() + escrow.as_i64();
                assert_eq!(packet.total.as_i64(), sum, "{packet:?}");
            }
            due.extend(self.model.due(&key));
        }
        let far = Timestamp::from_millis(i64::MAX);
        assert_eq!(self.tables.due(far, None).cloned().collect::<BTreeSet<_>>(), due);
        for merchant in MERCHANTS.map(merchant_id) {
            let funds = self.tables.account(&LedgerAccount::MerchantFunds(merchant.clone()));
            assert_eq!(funds.balance().map(Fen::as_i64), Some(self.model.funds(&merchant)), "{merchant:?}");
        }
        for person in PEOPLE.map(openid) {
            let wallet = self.tables.account(&LedgerAccount::RecipientWallet(app_id(1), person.clone()));
            assert_eq!(wallet.balance().map(Fen::as_i64), Some(self.model.wallet(&person)), "{person:?}");
            self.compare_lists(&person);
            assert_eq!(wallet.received().map(Fen::as_i64), Some(self.model.received(&person)), "{person:?}");
        }
        assert_eq!(i64::try_from(-report.settlement), Ok(self.model.came_in() - self.model.went_out()));
        let rows = self.tables.load(&KeySet { clock: true, ..KeySet::default() });
        assert_eq!(rows.clock.get(&()).map_or(0, |clock| clock.offset_ms), self.model.offset_ms);
    }
}

impl History {
    /// What came to a person is told page by page, in order.
    fn compare_lists(&self, person: &OpenId) {
        let id = PersonId { app: app_id(1), openid: person.clone() };
        let (mut entries, mut from) = (Vec::new(), None);
        loop {
            let page = self.tables.wallet_entries(&id, from.as_ref(), 3);
            entries.extend(page.rows.iter().map(|entry| entry.packet().clone()));
            from = page.next;
            if from.is_none() {
                break;
            }
        }
        assert_eq!(entries, self.model.entries(person), "{person:?}");
        let (mut sent, mut from) = (Vec::new(), None);
        loop {
            let page = self.tables.packets_to(&id, from.as_ref(), 5);
            sent.extend(page.rows.iter().map(|sent| sent.packet.id.clone()));
            from = page.next;
            if from.is_none() {
                break;
            }
        }
        let families = [Family::Packets, Family::Transfers];
        let lists = MERCHANTS.iter().flat_map(|merchant| families.map(|family| (merchant_id(*merchant), family)));
        let expected: Vec<_> = lists.flat_map(|(payer, family)| self.model.sent(&payer, family, person)).collect();
        assert_eq!(sent, expected, "{person:?}");
        let withdrawals = self.tables.withdrawals(&id, None, usize::MAX);
        assert_eq!((withdrawals.rows, withdrawals.next), (self.model.withdrawals(person), None), "{person:?}");
    }
}

fn withdrawal_key(reference: u32) -> WithdrawalKey {
    WithdrawalKey { app: app_id(1), reference: Reference::try_new(&format!("W{reference}")).expect("a reference") }
}

fn key(merchant: u32, bill: u32) -> BillKey {
    BillKey { family: product_of(bill).family(), ..bill_key(merchant, &format!("B{bill}")) }
}

/// A few numbers are those of group packets, and the last ones those of transfers.
fn product_of(bill: u32) -> Product {
    match bill {
        12 | 13 => Product::Group,
        16.. => Product::Transfer,
        _ => Product::Ordinary,
    }
}

fn usual_recipient(bill: u32) -> usize {
    bill as usize % PEOPLE.len()
}
