//! The language of scenarios: how rows are read, run and written back.
//!
//! A row is a call and, after `->`, how it must end, or a statement that must be true. Rows are decided
//! one after another, each in a batch of its own; one that begins with `&` joins the batch of the row above.
//! After every batch the books must balance.
//!
//! ```text
//! merchant M1 min=100 frozen=yes                  M1 as it was, but for this; the names are in `alter`
//! app      registered-only                        the app wx1
//! person   alice blocked                          alice is registered, and blocked
//! add      M2                           -> stored as above, but never in the place of another
//! top-up   M1 1000 ref=T1               -> in 1000
//! send     M1 B1 600 to=alice           -> sent   and perhaps: scene, group, shares=2, payer=M2, pre-order,
//!                                                 transfer, mini-program, workwx
//! lottery  L1 2                                   a campaign that takes two packets
//! fill     L1 B1 B2                     -> in repeated
//! bind     L1 B1 alice                  -> bound B1 600
//! claim    B1 alice                     -> claimed 600   and perhaps: app=wx2, link, page
//! expire   B1                           -> not_yet
//! expire                                -> refunded 600  whatever is due
//! hold     alice 600 ref=W1         -> held 600       money on its way out of a wallet; perhaps: app=wx2
//! confirm  W1 alice by=P1           -> confirmed 600  or: cancel W1 alice by=P1 -> cancelled 600
//! erase    alice xA                               every step of forgetting alice, who is xA from then on
//! erasing  alice xA begin           -> as xA          one step of it: entries B1, withdrawals W1, packets M1 B1, finish
//! history  alice B2 T1 | B3 B2 B1 T1              what came into the wallet, and what was sent, newest first
//! redeem   C1 at=5m by=A                -> redeemed      a code that was issued then, by an attempt of this name
//! clock    1h                           -> set    the sandbox's clock, counted from noon
//! policy   live fails=12h expires=72h             what the deployment has chosen
//! tick     24h -1ms                               time goes on, or back
//! books    M1=400 alice=0 B1=600 W1=0             funds, wallets, escrows, what withdrawals hold
//! wallet   alice received=600 withdrawn=0 held=0
//! status   B1 sent
//! time     1h                                     what the clock shows, counted from noon
//! ```
//!
//! It begins at noon in Beijing, in a sandbox. `B1` is a bill number of `M1`, `M2/B1` one of `M2`.

use std::collections::HashMap;
use std::fmt::Write as _;

use hongbao_engine::batch::{Answer, Attempt, Batch};
use hongbao_engine::code::CodeKey;
use hongbao_engine::command::{
    BindPrize, ClaimShare, ClaimWay, Command, ErasePerson, ErasureStep, ExpirePacket, FillLottery, HoldWithdrawal,
    PutApp, PutLottery, PutPerson, RedeemCode, SendPacket, SetClock, SettleWithdrawal, TopUp,
};
use hongbao_engine::decide::Policy;
use hongbao_engine::directory::{App, Merchant, Person, PersonId};
use hongbao_engine::draw::DrawRule;
use hongbao_engine::ledger::{LedgerAccount, Transfer};
use hongbao_engine::lottery::{BindingKey, Lottery, PreOrder, RiskControl};
use hongbao_engine::outcome::{
    Accepted, BindRejection, Bound, ClaimRejection, Claimed, ClockRejection, Difference, EraseRejection, Expired,
    HoldRejection, NoSuchLottery, Outcome, PrizeRejection, PutRejection, RedeemRejection, SendOutcome, SendRejection,
    SettleRejection, TopUpRejection, Withdrawn,
};
use hongbao_engine::packet::{BillKey, Claim, Due, Family, Packet, PacketStatus, Product};
use hongbao_engine::rows::KeySet;
use hongbao_engine::wallet::{Settlement, Withdrawal, WithdrawalKey, WithdrawalState};
use hongbao_store::lists::next_step;
use hongbao_store::memory::Tables;
use hongbao_types::{ApiKey, Fen, LotteryId, MerchantId, OpenId, PacketId, Reference, Timestamp};

use crate::{HOUR_MS, MINUTE_MS, NOON, app_id, bill_key, merchant_id, openid, packet_id, put_merchant, texts};

/// Runs the rows; panics at the first one that reads otherwise than it happened.
#[track_caller]
pub(super) fn check(text: &str) {
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
    first_claims: HashMap<(PacketId, OpenId), Claim>,
    first_transfers: HashMap<Reference, Transfer>,
    first_withdrawals: HashMap<(WithdrawalKey, &'static str), Withdrawal>,
}

impl Default for Bench {
    fn default() -> Bench {
        Bench {
            tables: Tables::default(),
            policy: Policy { is_sandbox: true, draw_keys: crate::draw_keys(), ..Policy::default() },
            real: NOON,
            asked: 0,
            merchants: HashMap::new(),
            first_sends: HashMap::new(),
            first_claims: HashMap::new(),
            first_transfers: HashMap::new(),
            first_withdrawals: HashMap::new(),
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
                let keys = KeySet { merchants: [merchant.id.clone()].into(), ..KeySet::default() };
                let before = self.tables.load(&keys).merchants.get(&merchant.id).cloned();
                assert_eq!(self.decide(vec![put_merchant(merchant, before)]), [Outcome::Put(Ok(()))]);
                call.to_owned()
            }
            ["app", flags @ ..] => {
                let registered_only = flags.contains(&"registered-only");
                let app = App { registered_only, ..App::new(app_id(1)) };
                let keys = KeySet { apps: [app.id.clone()].into(), ..KeySet::default() };
                let instead_of = self.tables.load(&keys).apps.get(&app.id).cloned();
                let put = Command::PutApp(Box::new(PutApp { app, instead_of }));
                assert_eq!(self.decide(vec![put]), [Outcome::Put(Ok(()))]);
                call.to_owned()
            }
            ["lottery", name, max] => {
                let lottery = Lottery { prizes_max: max.parse().expect("a number"), ..lottery(lottery_id(name)) };
                let put = PutLottery { lottery, instead_of: None };
                assert_eq!(self.decide(vec![Command::PutLottery(Box::new(put))]), [Outcome::Put(Ok(()))]);
                call.to_owned()
            }
            ["person", name, flags @ ..] => {
                let id = PersonId { app: app_id(1), openid: openid(name) };
                let person = Person { id, is_blocked: flags.contains(&"blocked") };
                assert_eq!(self.decide(vec![Command::PutPerson(PutPerson { person })]), [Outcome::Put(Ok(()))]);
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
                        Some(("pre-order-expires", time)) => self.policy.pre_order_expires_after_ms = millis(&[time]),
                        Some(("expires", time)) => self.policy.expires_after_ms = millis(&[time]),
                        None if *choice == "live" => self.policy.is_sandbox = false,
                        _ => panic!("no such policy: {choice}"),
                    }
                }
                call.to_owned()
            }
            ["time"] | ["time", _] => format!("time {}", since_noon(self.now())),
            ["wallet", name, ..] => {
                let account = self.tables.account(&LedgerAccount::RecipientWallet(app_id(1), openid(name)));
                let (received, wallet) = (account.received().expect("sums that agree"), &account.wallet);
                format!("wallet {name} received={received} withdrawn={} held={}", wallet.withdrawn, wallet.held)
            }
            ["erase", name, pseudonym] => {
                self.erase(name, pseudonym);
                call.to_owned()
            }
            ["history", name, ..] => {
                let id = PersonId { app: app_id(1), openid: openid(name) };
                let entries = self.tables.wallet_entries(&id, None, 99).rows.into_iter();
                let sent = self.tables.packets_to(&id, None, 99).rows.into_iter();
                let bill = |id: &PacketId| self.tables.packet(id).expect("a packet").bill.bill_no.to_string();
                let entries: Vec<_> = entries.map(|entry| bill(entry.packet())).collect();
                let sent: Vec<_> = sent.map(|sent| bill(&sent.packet.id)).collect();
                let all = [entries, vec!["|".to_owned()], sent].concat();
                format!("history {name} {}", all.join(" "))
            }
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
            ["add", name, changes @ ..] => put_merchant(self.altered(name, changes), None),
            ["top-up", name, amount, reference] => Command::TopUp(TopUp {
                reference: reference_of(reference),
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
                    on_behalf_of: None,
                    recipient: match to.strip_prefix("to=").expect("to=") {
                        "nobody" => None,
                        name => Some(openid(name)),
                    },
                    total: amount.parse().expect("an amount"),
                    share_count: 1,
                    texts: texts(None),
                    pre_order: None,
                };
                for word in more {
                    match word.split_once('=') {
                        Some(("payer", name)) => send.payer = merchant_id(merchant_number(name)),
                        Some(("app", "wx2")) => send.app = app_id(2),
                        Some(("shares", count)) => send.share_count = count.parse().expect("a number"),
                        None if *word == "group" => send.product = Product::Group,
                        None if *word == "mini-program" => send.product = Product::MiniProgram,
                        None if *word == "workwx" => send.product = Product::Workwx,
                        None if *word == "pre-order" => {
                            send.product = Product::PreOrder;
                            send.pre_order.get_or_insert(pre_order(RiskControl::Normal));
                        }
                        Some(("risk", name)) => {
                            send.pre_order = Some(pre_order(RiskControl::from_name(name).expect("a risk control")));
                        }
                        None if *word == "transfer" => {
                            send.product = Product::Transfer;
                            send.bill.family = Family::Transfers;
                        }
                        None if *word == "scene" => send.texts = texts(Some("PRODUCT_8")),
                        _ => panic!("a packet is sent without: {word}"),
                    }
                }
                Command::SendPacket(Box::new(send))
            }
            ["claim", bill, name, more @ ..] => {
                let (mut app, mut way) = (app_id(1), ClaimWay::Message);
                for word in more {
                    match *word {
                        "app=wx2" => app = app_id(2),
                        "link" => way = ClaimWay::Link,
                        "page" => way = ClaimWay::MiniProgram,
                        _ => panic!("a share is claimed without: {word}"),
                    }
                }
                // A bill number that is not stored stands for a packet that is not there.
                let packet = self.packet(bill).map_or_else(|| packet_id(999), |packet| packet.id.clone());
                Command::ClaimShare(ClaimShare { packet, app, openid: openid(name), way, registered_only: false })
            }
            ["expire", bill] => {
                let packet = self.packet(bill).expect("a packet");
                let due = Due { at: packet.deadline, packet: packet.id.clone(), payer: packet.payer.clone() };
                Command::ExpirePacket(ExpirePacket { due })
            }
            ["fill", name, bills @ ..] => {
                let packet = |bill: &&str| self.packet(bill).map_or_else(|| packet_id(999), |packet| packet.id.clone());
                Command::FillLottery(FillLottery {
                    lottery: lottery_id(name),
                    merchant: merchant_id(1),
                    services: vec![merchant_id(SHAKE)],
                    packets: bills.iter().map(packet).collect(),
                })
            }
            ["bind", name, bill, person] => {
                let packet = self.packet(bill).expect("a packet");
                Command::BindPrize(BindPrize {
                    key: BindingKey { lottery: lottery_id(name), openid: openid(person) },
                    app: app_id(1),
                    packet: packet.id.clone(),
                    payer: packet.payer.clone(),
                })
            }
            ["redeem", code, issued, attempt] => {
                let number: u64 = code.strip_prefix('C').and_then(|number| number.parse().ok()).expect("a code: C1");
                let issued_at = NOON.plus_millis(millis(&[issued.strip_prefix("at=").expect("at=")]));
                let letter = attempt.strip_prefix("by=").and_then(|name| name.bytes().next()).expect("by=");
                let code = CodeKey { issued_at, nonce: number.to_be_bytes() };
                Command::RedeemCode(RedeemCode { code, attempt: [letter; 16] })
            }
            ["clock", terms @ ..] => Command::SetClock(SetClock { to: NOON.plus_millis(millis(terms)) }),
            ["erasing", name, pseudonym, step @ ..] => self.erasing(name, pseudonym, step),
            words => withdrawal(words).unwrap_or_else(|| panic!("no such row: {call}")),
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

    /// One step, as a row names it.
    fn erasing(&self, name: &str, pseudonym: &str, step: &[&str]) -> Command {
        let packet = |bill: &&str| self.packet(bill).expect("a packet").id.clone();
        let step = match step {
            ["begin"] => ErasureStep::Begin,
            ["entries", bills @ ..] => ErasureStep::Entries(bills.iter().map(packet).collect()),
            ["withdrawals", names @ ..] => {
                ErasureStep::Withdrawals(names.iter().map(|name| withdrawal_key(name).reference).collect())
            }
            ["packets", payer, bills @ ..] => ErasureStep::Packets {
                payer: merchant_id(merchant_number(payer)),
                family: Family::Packets,
                packets: bills.iter().map(packet).collect(),
                lotteries: Vec::new(),
            },
            ["finish"] => ErasureStep::Finish,
            _ => panic!("no such step: {step:?}"),
        };
        let person = PersonId { app: app_id(1), openid: openid(name) };
        Command::ErasePerson(Box::new(ErasePerson { person, pseudonym: openid(pseudonym), step }))
    }

    /// All steps, two rows at a time; the books balance after each, and each decided again does nothing.
    fn erase(&mut self, name: &str, pseudonym: &str) {
        let person = PersonId { app: app_id(1), openid: openid(name) };
        let first = ErasePerson { person: person.clone(), pseudonym: openid(pseudonym), step: ErasureStep::Begin };
        let begun = self.decide(vec![Command::ErasePerson(Box::new(first))]);
        let [Outcome::Erase(Ok(pseudonym))] = begun.as_slice() else { panic!("not erased: {begun:?}") };
        loop {
            let (withdrawals, entries) =
                (self.tables.withdrawals(&person, None, 2), self.tables.wallet_entries(&person, None, 2));
            let step = next_step(&withdrawals, &entries, &self.tables.packets_to(&person, None, 2));
            let erase = ErasePerson { person: person.clone(), pseudonym: pseudonym.clone(), step: step.clone() };
            let command = Command::ErasePerson(Box::new(erase));
            let ended = self.decide(vec![command.clone(), command]);
            assert_eq!(ended, [Outcome::Erase(Ok(pseudonym.clone())), Outcome::Erase(Err(EraseRejection::Moved))]);
            let report = self.tables.audit();
            assert!(report.is_clean(), "after {step:?}: {report:?}");
            if step == ErasureStep::Finish {
                break;
            }
        }
        // Short names are masked whole, and so can't be told apart.
        let masked = person.openid.masked();
        assert!(masked.len() < 8 || !format!("{:?}", self.tables).contains(&masked), "{name} is still there");
    }

    fn withdrawal(&self, name: &str) -> Option<Withdrawal> {
        let keys = KeySet { withdrawals: [withdrawal_key(name)].into(), ..KeySet::default() };
        self.tables.load(&keys).withdrawals.get(&withdrawal_key(name)).cloned()
    }

    fn balance(&self, name: &str) -> Fen {
        if name.starts_with('W') {
            return self.withdrawal(name).map_or(Fen::ZERO, |withdrawal| withdrawal.held());
        }
        let account = if name.starts_with(['B', 'T']) || name.contains('/') {
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
            Outcome::Claim(Ok(Claimed { claim, is_replay: false, .. })) => {
                assert_eq!(self.first_claims.insert((claim.packet.clone(), claim.openid.clone()), claim.clone()), None);
                format!("claimed {}", claim.amount)
            }
            Outcome::Claim(Ok(Claimed { claim, is_replay: true, .. })) => {
                assert_eq!(self.first_claims.get(&(claim.packet.clone(), claim.openid.clone())), Some(claim));
                format!("replay {}", claim.amount)
            }
            Outcome::Claim(Err(rejection)) => match rejection {
                ClaimRejection::NoSuchPacket => "no_such_packet".to_owned(),
                ClaimRejection::NotThisWay => "not_this_way".to_owned(),
                ClaimRejection::NotTheRecipient => "not_the_recipient".to_owned(),
                ClaimRejection::NotShared => "not_shared".to_owned(),
                ClaimRejection::NotSent => "not_sent".to_owned(),
                ClaimRejection::Expired => "expired".to_owned(),
                ClaimRejection::Refunded => "refunded".to_owned(),
                ClaimRejection::Exhausted => "exhausted".to_owned(),
                ClaimRejection::BeingErased => "being_erased".to_owned(),
                ClaimRejection::NotRegistered => "not_registered".to_owned(),
                ClaimRejection::Blocked => "blocked".to_owned(),
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
            Outcome::TopUp(Err(TopUpRejection::AmountOutOfRange))
            | Outcome::Hold(Err(HoldRejection::AmountOutOfRange)) => "out_of_range".to_owned(),
            Outcome::Put(Ok(())) => "stored".to_owned(),
            Outcome::Put(Err(PutRejection)) => "exists".to_owned(),
            Outcome::Fill(Err(NoSuchLottery)) => "no_such_lottery".to_owned(),
            Outcome::Fill(Ok(ends)) => ends.iter().copied().map(prize_end).collect::<Vec<_>>().join(" "),
            Outcome::Bind(Ok(Bound { binding, is_replay })) => {
                let packet = self.tables.packet(&binding.packet).expect("a packet");
                let what = if *is_replay { "replay" } else { "bound" };
                format!("{what} {} {}", packet.bill.bill_no, binding.amount)
            }
            Outcome::Bind(Err(rejection)) => match rejection {
                BindRejection::NotAPrize => "not_a_prize".to_owned(),
                BindRejection::Taken => "taken".to_owned(),
                BindRejection::NotRegistered => "not_registered".to_owned(),
                BindRejection::Blocked => "blocked".to_owned(),
                BindRejection::PacketsPerMinute => "person_packets_per_minute".to_owned(),
                BindRejection::PacketsPerDay => "person_packets_per_day".to_owned(),
                BindRejection::AmountPerDay => "person_amount_per_day".to_owned(),
            },
            Outcome::Redeem(Ok(())) => "redeemed".to_owned(),
            Outcome::Redeem(Err(RedeemRejection::Used)) => "used".to_owned(),
            Outcome::Redeem(Err(RedeemRejection::Expired)) => "expired".to_owned(),
            Outcome::Hold(Ok(withdrawn)) | Outcome::Settle(Ok(withdrawn)) => self.describe_withdrawn(withdrawn),
            Outcome::Hold(Err(HoldRejection::ReferenceReused(first)))
            | Outcome::Settle(Err(SettleRejection::AlreadySettled(first))) => {
                let stored = self.withdrawal(first.key.reference.as_str());
                assert_eq!(stored.as_ref(), Some(&**first), "a rejection shows what is stored");
                format!("stored({} {})", first.amount, state_name(&first.state))
            }
            Outcome::Hold(Err(HoldRejection::InsufficientBalance(balance))) => format!("only {balance}"),
            Outcome::Settle(Err(SettleRejection::NoSuchWithdrawal)) => "no_such_withdrawal".to_owned(),
            Outcome::Erase(Ok(pseudonym)) => format!("as {}", pseudonym.as_str()),
            Outcome::Erase(Err(EraseRejection::NotEmpty { balance, held })) => format!("not_empty({balance} {held})"),
            Outcome::Erase(Err(EraseRejection::Moved)) => "moved".to_owned(),
            Outcome::Clock(Ok(())) => "set".to_owned(),
            Outcome::Clock(Err(ClockRejection::NotASandbox)) => "not_a_sandbox".to_owned(),
            Outcome::Bug(_) => "bug".to_owned(),
        }
    }

    fn describe_withdrawn(&mut self, Withdrawn { withdrawal, is_replay }: &Withdrawn) -> String {
        let state = state_name(&withdrawal.state);
        let first = self.first_withdrawals.insert((withdrawal.key.clone(), state), withdrawal.clone());
        assert_eq!(first.is_some(), *is_replay);
        assert!(first.is_none_or(|first| first == *withdrawal), "a replay repeats an answer");
        format!("{} {}", if *is_replay { "replay" } else { state }, withdrawal.amount)
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
                SendRejection::Night => "night".to_owned(),
                SendRejection::MerchantTooNew => "too_new".to_owned(),
                SendRejection::RecipientNotRegistered => "not_registered".to_owned(),
                SendRejection::TooManyShares => "too_many_shares".to_owned(),
                SendRejection::PacketsPerSecond => "packets_per_second".to_owned(),
                SendRejection::PacketsPerMinute => "packets_per_minute".to_owned(),
                SendRejection::RecipientPacketsPerMinute => "person_packets_per_minute".to_owned(),
            },
        }
    }
}

/// For whom pre-orders are made here.
const SHAKE: u32 = 77;

fn pre_order(risk_control: RiskControl) -> PreOrder {
    PreOrder { service: merchant_id(SHAKE), risk_control, lottery: None, bound_at: None }
}

fn reference_of(word: &str) -> Reference {
    let (_, reference) = word.split_once('=').expect("a reference stands behind ref= or by=");
    Reference::try_new(reference).expect("a reference")
}

/// A call about a withdrawal.
fn withdrawal(words: &[&str]) -> Option<Command> {
    Some(match words {
        ["hold", name, amount, reference, app @ ..] => Command::HoldWithdrawal(HoldWithdrawal {
            key: WithdrawalKey {
                app: if app.is_empty() { app_id(1) } else { app_id(2) },
                reference: reference_of(reference),
            },
            openid: openid(name),
            amount: amount.parse().expect("an amount"),
        }),
        [how @ ("confirm" | "cancel"), reference, name, by] => Command::SettleWithdrawal(SettleWithdrawal {
            key: withdrawal_key(reference),
            openid: openid(name),
            how: if *how == "confirm" { Settlement::Confirm } else { Settlement::Cancel },
            operator_reference: reference_of(by),
        }),
        _ => return None,
    })
}

fn withdrawal_key(name: &str) -> WithdrawalKey {
    WithdrawalKey { app: app_id(1), reference: Reference::try_new(name).expect("a reference") }
}

fn state_name(state: &WithdrawalState) -> &'static str {
    match state {
        WithdrawalState::Held => "held",
        WithdrawalState::Confirmed(_) => "confirmed",
        WithdrawalState::Cancelled(_) => "cancelled",
    }
}

fn lottery_id(name: &str) -> LotteryId {
    LotteryId::try_new(name.strip_prefix('L').expect("a campaign: L1, L2 and so on")).expect("a campaign's number")
}

fn lottery(id: LotteryId) -> Lottery {
    Lottery {
        id,
        account: app_id(1),
        sponsor: app_id(1),
        title: "title".to_owned(),
        description: "desc".to_owned(),
        is_on: true,
        begins_at: NOON,
        ends_at: NOON.plus_millis(HOUR_MS),
        prizes_max: 1,
        prizes: 0,
        jump_url: String::new(),
        key: ApiKey::try_new("192006250b4c09247ec02edce69f6a2d").expect("a key"),
        win_rate_ppm: Lottery::ALWAYS,
    }
}

fn prize_end(end: Result<(), PrizeRejection>) -> &'static str {
    match end {
        Ok(()) => "in",
        Err(PrizeRejection::Invalid) => "invalid",
        Err(PrizeRejection::WrongService) => "wrong_service",
        Err(PrizeRejection::InAnother) => "in_another",
        Err(PrizeRejection::Repeated) => "repeated",
        Err(PrizeRejection::Expired) => "expired",
        Err(PrizeRejection::AmountOutOfRange) => "out_of_range",
    }
}

fn alter(merchant: &mut Merchant, change: &str) {
    let (name, value) = change.split_once('=').expect("a name and a value");
    let number = || value.parse::<u32>().expect("a number");
    let fen = || value.parse::<Fen>().expect("an amount");
    let limits = &mut merchant.limits;
    match name {
        "draws" => merchant.draw_rule = DrawRule::from_name(value).expect("a rule"),
        "frozen" => merchant.frozen = value == "yes",
        "min" => limits.amount_min = fen(),
        "max" => limits.amount_max = fen(),
        "scene-below" => limits.scene_below = fen(),
        "scene-above" => limits.scene_above = fen(),
        "shares" => limits.shares_max = number(),
        "second" => limits.packets_per_second = number(),
        "minute" => limits.packets_per_minute = number(),
        "day" => limits.packets_per_day = number(),
        "night" => limits.closed_at_night = value == "closed",
        "expires" => limits.expires_after_ms = Some(millis(&[value])),
        "entered" => merchant.entered_at = Some(NOON.plus_millis(millis(&[value]))),
        "trading" => merchant.trading_since = Some(NOON.plus_millis(millis(&[value]))),
        "person-minute" => limits.recipient_packets_per_minute = number(),
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
    let bill = bill_key(merchant_number(merchant), bill_no);
    // A transfer's number begins with another letter, so that rows can tell it from a packet's.
    let family = if bill_no.starts_with('T') { Family::Transfers } else { Family::Packets };
    BillKey { family, ..bill }
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
