//! Is a store right? The contract, one behaviour a function; [`store_conformance!`](crate::store_conformance)
//! makes each a test of the store it is given.
//!
//! Every function gets a way to make an empty store. Most work through a [`Lane`] over a
//! [`Faulty`] store: what is proven is that lane, engine and store together
//! keep the promise, whatever goes wrong between them.
#![expect(clippy::missing_panics_doc, reason = "a conformance test panics when the store is wrong")]

use std::sync::Arc;
use std::time::Duration;

use hongbao_engine::code::{CODE_LIFETIME_MS, CODE_REMEMBERED_MS, CodeKey};
use hongbao_engine::command::{
    BindPrize, ClaimShare, ClaimWay, Command, ErasePerson, ErasureStep, ExpirePacket, FillLottery, HoldWithdrawal,
    PutApp, PutLottery, PutMerchant, PutPerson, RedeemCode, SendPacket, SetClock, SettleWithdrawal, TopUp,
};
use hongbao_engine::decide::Policy;
use hongbao_engine::directory::{
    App, AppKey, AppKind, Credential, Merchant, MerchantCertificate, MerchantKey, Person, PersonId, Scope,
    SignAlgorithm, Validity,
};
use hongbao_engine::draw::DrawRule;
use hongbao_engine::ledger::{Account, LedgerAccount, Transfer};
use hongbao_engine::limits::Limits;
use hongbao_engine::lottery::{Binding, BindingKey, Lottery, PreOrder, RiskControl};
use hongbao_engine::outcome::{
    Accepted, BindRejection, Bound, ClaimRejection, Claimed, Difference, EraseRejection, Expired, HoldRejection,
    Outcome, PutRejection, RedeemRejection, SendOutcome, SendRejection, SettleRejection, TopUpRejection, Withdrawn,
};
use hongbao_engine::packet::{BillKey, Decline, Family, PacketState, PacketStatus, Product, Split, Texts};
use hongbao_engine::rows::ClaimKey;
use hongbao_engine::wallet::{Settled, Settlement, Withdrawal, WithdrawalKey, WithdrawalState};
use hongbao_types::{
    ApiKey, AppId, AppSecret, BillNo, Fen, Generation, LotteryId, MerchantId, Mode, OpenId, PacketId, Reference,
    Timestamp, WorkwxSecret,
};
use std::collections::BTreeSet;

use crate::clock::{Clock, ManualClock};
use crate::faulty::{Fault, Faults, Faulty};
use crate::lists::next_step;
use crate::{CallError, ClaimRange, Currency, Lane, LaneBounds, LotterySums, Prize, Store, StoreInfo, StoreKind};

/// Makes every behaviour of the contract a test of the store that `$make` makes. `$make` is a function
/// `fn(StoreInfo, Arc<dyn Clock>) -> (S, G)`: an empty store, and whatever must outlive it.
#[macro_export]
macro_rules! store_conformance {
    ($make:expr) => {
        $crate::store_conformance!(@tests $make;
            what_is_committed_is_read_back
            what_other_products_have_is_read_back
            shares_of_one_packet_are_claimed_in_turn
            a_campaign_s_packets_find_their_people
            a_replay_in_the_same_batch_gets_the_first_answer
            a_rejection_leaves_nothing_behind
            a_decline_is_stored_and_completed_later
            a_changed_call_moves_nothing
            nobody_is_answered_before_the_commit
            a_conflict_repeats_the_batch
            a_batch_that_keeps_conflicting_is_split
            a_command_that_conflicts_alone_is_a_system_error
            an_unknown_commit_that_was_written_comes_out_once
            an_unknown_commit_that_was_not_written_comes_out_once
            an_unknown_commit_is_settled_before_the_next_batch
            a_store_out_of_reach_moves_nothing
            an_impatient_caller_is_settled_all_the_same
            a_full_queue_refuses_before_anything_is_done
            a_stopping_lane_carries_out_what_waits
            two_lanes_pay_one_bill_number_once
            two_lanes_keep_one_persons_limit
            the_sandbox_clock_only_goes_forward
            a_rows_time_never_runs_backwards
            a_claim_is_good_until_just_before_expiry
            what_nobody_claims_goes_back_once
            what_lands_and_stays_fails_for_good
            due_work_is_read_page_by_page
            a_reference_used_again_moves_nothing
            a_merchant_does_not_take_anothers_place
            a_code_is_redeemed_once
            two_lanes_redeem_one_code_once
            people_are_listed_app_by_app
            a_withdrawal_is_held_and_settled_once
            two_lanes_do_not_overdraw_one_wallet
            a_person_s_history_is_read_page_by_page
            who_is_erased_is_nowhere_and_may_come_again
        );
    };
    (@tests $make:expr; $($name:ident)*) => { $(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            $crate::conformance::$name($make).await;
        }
    )* };
}

/// 2014-11-11 12:00:00 in Beijing.
const NOON: Timestamp = Timestamp::from_millis(1_415_678_400_000);
const HOUR_MS: i64 = 3_600_000;
const PATIENCE: Duration = Duration::from_mins(1);

/// A store to try, the lane into it, and the faults and the time that the test plans.
struct Rig<S: Store, G> {
    store: Faulty<S>,
    lane: Lane,
    faults: Faults,
    clock: ManualClock,
    _guard: G,
}

impl<S: Store, G> Rig<S, G> {
    fn open(make: impl Fn(StoreInfo, Arc<dyn Clock>) -> (S, G), bounds: LaneBounds) -> Rig<S, G> {
        let clock = ManualClock::new(NOON);
        let info = StoreInfo { kind: StoreKind::Sandbox, currency: Currency::renminbi() };
        let (store, guard) = make(info, Arc::new(clock.clone()));
        let store = Faulty::new(store);
        let policy = Policy { is_sandbox: true, ..Policy::default() };
        let (lane, _) = Lane::start(&store, policy, bounds).expect("a lane starts");
        Rig { faults: store.faults(), store, lane, clock, _guard: guard }
    }

    /// With the merchant of the official samples, and this much in its funds.
    async fn funded(make: impl Fn(StoreInfo, Arc<dyn Clock>) -> (S, G), funds: u32) -> Rig<S, G> {
        let rig = Rig::open(make, LaneBounds::default());
        rig.prepare(funds).await;
        rig
    }

    async fn prepare(&self, funds: u32) {
        let merchant = Box::new(PutMerchant { merchant: merchant(), instead_of: None });
        assert_eq!(self.call(Command::PutMerchant(merchant)).await, Ok(Outcome::Put(Ok(()))));
        if funds > 0 {
            self.top_up("T0", funds).await.expect("a top-up").expect("money comes in");
        }
    }

    async fn call(&self, command: Command) -> Result<Outcome, CallError> {
        self.lane.call(command, PATIENCE).await
    }

    async fn send(&self, command: SendPacket) -> Result<SendOutcome, CallError> {
        let outcome = self.call(Command::SendPacket(Box::new(command))).await?;
        let Outcome::Send(outcome) = outcome else { panic!("a send ended as {outcome:?}") };
        Ok(outcome)
    }

    async fn accepted(&self, command: SendPacket) -> Accepted {
        match self.send(command).await {
            Ok(SendOutcome::Accepted(accepted)) => accepted,
            other => panic!("a send that should be accepted ended as {other:?}"),
        }
    }

    async fn claim(&self, id: &PacketId) -> Result<Claimed, ClaimRejection> {
        let claim = ClaimShare {
            packet: id.clone(),
            app: app_id(),
            openid: openid(),
            way: ClaimWay::Message,
            registered_only: false,
        };
        match self.call(Command::ClaimShare(claim)).await {
            Ok(Outcome::Claim(outcome)) => outcome,
            other => panic!("a claim ended as {other:?}"),
        }
    }

    async fn expire(&self) -> Vec<Expired> {
        let mut outcomes = Vec::new();
        for due in self.store.due(0, None, 100).await.expect("due work") {
            match self.call(Command::ExpirePacket(ExpirePacket { due })).await {
                Ok(Outcome::Expire(outcome)) => outcomes.push(outcome),
                other => panic!("an expiry ended as {other:?}"),
            }
        }
        outcomes
    }

    async fn top_up(&self, reference: &str, fen: u32) -> Result<Result<Transfer, TopUpRejection>, CallError> {
        let reference = Reference::try_new(reference).expect("a reference");
        let top_up = TopUp { reference, merchant: merchant_id(), amount: Fen::new(fen) };
        let outcome = self.call(Command::TopUp(top_up)).await?;
        let Outcome::TopUp(outcome) = outcome else { panic!("a top-up ended as {outcome:?}") };
        Ok(outcome)
    }

    async fn balance(&self, account: LedgerAccount) -> Fen {
        let account = self.store.account(&account).await.expect("an account");
        account.balance().expect("no account is below zero")
    }

    async fn funds(&self) -> Fen {
        self.balance(LedgerAccount::MerchantFunds(merchant_id())).await
    }

    async fn wallet(&self) -> Fen {
        self.balance(LedgerAccount::RecipientWallet(app_id(), openid())).await
    }

    async fn assert_books(&self, packets: u64) {
        let report = self.store.audit().await.expect("an audit");
        assert!(report.is_clean(), "{report:?}");
        assert_eq!(report.packets, packets, "{report:?}");
    }

    /// A transfer of this much into the person's wallet.
    async fn pay(&self, number: u32, fen: u32) -> PacketId {
        self.accepted(transfer_of(number, fen)).await.packet
    }

    async fn hold_money(&self, reference: &str, fen: u32) -> Result<Withdrawn, HoldRejection> {
        match self.call(hold_money(reference, fen)).await {
            Ok(Outcome::Hold(outcome)) => outcome,
            other => panic!("a withdrawal ended as {other:?}"),
        }
    }

    async fn settle(&self, reference: &str, how: Settlement, by: &str) -> Result<Withdrawn, SettleRejection> {
        let operator_reference = Reference::try_new(by).expect("a reference");
        let settle = SettleWithdrawal { key: withdrawal_key(reference), openid: openid(), how, operator_reference };
        match self.call(Command::SettleWithdrawal(settle)).await {
            Ok(Outcome::Settle(outcome)) => outcome,
            other => panic!("a withdrawal ended as {other:?}"),
        }
    }

    /// Holds the lane with a command of its own, so that what is called meanwhile makes one batch.
    async fn hold(&self, then: impl IntoIterator<Item = Fault>) {
        self.faults.plan(std::iter::once(Fault::Held).chain(then));
        let lane = self.lane.clone();
        tokio::spawn(async move {
            let merchant = Box::new(PutMerchant { merchant: merchant(), instead_of: None });
            lane.call(Command::PutMerchant(merchant), PATIENCE).await
        });
        self.faults.held().await;
    }
}

fn merchant_id() -> MerchantId {
    MerchantId::try_new("10000098").expect("a merchant number")
}

fn app_id() -> AppId {
    AppId::try_new("wx8888888888888888").expect("an app id")
}

fn openid() -> OpenId {
    OpenId::try_new("oxTWIuGaIt6gTKsQRLau2M0yL16E").expect("an openid")
}

/// Somebody else, one for each number.
fn stranger(number: u32) -> OpenId {
    OpenId::try_new(&format!("oStranger{number:019}")).expect("an openid")
}

fn merchant() -> Merchant {
    let mut merchant = Merchant::new(merchant_id(), "天虹百货");
    merchant.keys.push(MerchantKey {
        key: ApiKey::try_new("192006250b4c09247ec02edce69f6a2d").expect("a key"),
        validity: Validity::ALWAYS,
    });
    merchant.limits.packets_per_second = Limits::NO_COUNT;
    merchant
}

fn credentials(until: Option<Timestamp>) -> Vec<Credential> {
    vec![
        Credential {
            id: "backend".to_owned(),
            token_sha256: [0x5A; 32],
            scopes: Scope::ALL.to_vec(),
            validity: Validity { from: NOON, until },
        },
        Credential {
            id: "payout".to_owned(),
            token_sha256: [7; 32],
            scopes: vec![Scope::Withdrawals],
            validity: Validity::ALWAYS,
        },
    ]
}

fn bill(number: u32) -> BillKey {
    let bill_no = BillNo::try_new(&format!("10000098201411111{number:09}")).expect("a bill number");
    BillKey { merchant: merchant_id(), family: Family::Packets, bill_no }
}

fn packet_id(number: u32) -> PacketId {
    packet_id_for(number, &bill(number))
}

/// As the platform makes them: the shard of the bill number comes last.
fn packet_id_for(number: u32, bill: &BillKey) -> PacketId {
    PacketId::try_new(&format!("1000041701201411113{number:09}{:03}", bill.shard())).expect("a packet id")
}

/// The packet of the official samples, 1000 fen, with a bill number of its own.
fn send(number: u32) -> SendPacket {
    SendPacket {
        packet_id: packet_id(number),
        bill: bill(number),
        product: Product::Ordinary,
        payer: merchant_id(),
        on_behalf_of: None,
        app: app_id(),
        recipient: Some(openid()),
        total: Fen::new(1000),
        share_count: 1,
        texts: Texts {
            sender_name: "天虹百货".to_owned(),
            greeting: "感谢您参加猜灯谜活动，祝您元宵节快乐！".to_owned(),
            activity: "猜灯谜抢红包活动".to_owned(),
            remark: "猜越多得越多，快来抢！".to_owned(),
            scene: Some("PRODUCT_8".to_owned()),
            ..Texts::default()
        },
        pre_order: None,
    }
}

/// A transfer of this much to the same person.
fn transfer_of(number: u32, fen: u32) -> SendPacket {
    let bill = BillKey { family: Family::Transfers, ..bill(number) };
    let packet_id = packet_id_for(number, &bill);
    SendPacket { packet_id, bill, product: Product::Transfer, total: Fen::new(fen), ..send(number) }
}

fn withdrawal_key(reference: &str) -> WithdrawalKey {
    WithdrawalKey { app: app_id(), reference: Reference::try_new(reference).expect("a reference") }
}

fn hold_money(reference: &str, fen: u32) -> Command {
    let (key, amount) = (withdrawal_key(reference), Fen::new(fen));
    Command::HoldWithdrawal(HoldWithdrawal { key, openid: openid(), amount })
}

fn lottery() -> Lottery {
    Lottery {
        id: LotteryId::try_new("1234567890").expect("a campaign's number"),
        account: AppId::try_new("wx2").expect("an app id"),
        sponsor: app_id(),
        title: "title".to_owned(),
        description: "desc".to_owned(),
        is_on: true,
        begins_at: NOON,
        ends_at: NOON.plus_millis(HOUR_MS),
        prizes_max: 3,
        prizes: 0,
        jump_url: "https://example.com/".to_owned(),
        key: ApiKey::try_new("192006250b4c09247ec02edce69f6a2d").expect("a key"),
        win_rate_ppm: 500_000,
    }
}

fn pre_order(number: u32) -> SendPacket {
    let service = MerchantId::try_new("1000052601").expect("a merchant number");
    let pre_order = PreOrder { service, risk_control: RiskControl::IgnoreDay, lottery: None, bound_at: None };
    SendPacket { product: Product::PreOrder, recipient: None, pre_order: Some(pre_order), ..send(number) }
}

/// Whether `future` has its answer now.
async fn is_answered<F: Future + Unpin>(future: &mut F) -> bool {
    tokio::select! {
        biased;
        _ = future => true,
        () = std::future::ready(()) => false,
    }
}

macro_rules! behaviours {
    ($( $(#[$doc:meta])* $name:ident($make:ident) $body:block )*) => { $(
        $(#[$doc])*
        pub async fn $name<S: Store, G>($make: impl Fn(StoreInfo, Arc<dyn Clock>) -> (S, G)) $body
    )* };
}

behaviours! {
    /// Every column of every table comes back as it went in.
    what_is_committed_is_read_back(make) {
        let rig = Rig::funded(make, 1000).await;
        assert_eq!(rig.store.info().kind, StoreKind::Sandbox);
        assert_eq!(rig.store.info().currency, Currency::renminbi());

        let mut full = merchant();
        let until = Some(NOON.plus_millis(HOUR_MS));
        full.keys.push(MerchantKey {
            key: ApiKey::try_new("8934e7d15453e97507ef794cf7b0519d").expect("a key"),
            validity: Validity { from: NOON, until },
        });
        full.certificates.push(MerchantCertificate {
            public_key_sha256: [0xA5; 32],
            validity: Validity { from: NOON, until },
        });
        full.mode = Mode::Strict;
        full.pinned_algorithm = Some(SignAlgorithm::HmacSha256);
        full.generation = Generation::G2a;
        full.products.retain(|product| *product != Product::PreOrder);
        full.is_closed = true;
        full.providers = vec![MerchantId::try_new("10000090").expect("a merchant number")];
        full.entered_at = Some(NOON);
        full.trading_since = Some(NOON.plus_millis(1));
        full.allowed_addresses = vec!["192.168.0.1".parse().expect("an address"), "::1".parse().expect("an address")];
        full.limits = Limits {
            amount_min: Fen::new(1),
            amount_max: Fen::new(499_900),
            scene_below: Fen::new(2),
            scene_above: Fen::new(3),
            shares_max: 4,
            packets_per_second: 5,
            packets_per_minute: 6,
            packets_per_day: 7,
            recipient_packets_per_minute: 8,
            recipient_packets_per_day: 9,
            recipient_amount_per_day: Fen::new(10),
            amount_per_day: Fen::new(11),
            closed_at_night: true,
            expires_after_ms: Some(12),
        };
        full.frozen = true;
        full.draw_rule = DrawRule::Shuffled;
        let put = Box::new(PutMerchant { merchant: full.clone(), instead_of: Some(merchant()) });
        assert_eq!(rig.call(Command::PutMerchant(put)).await, Ok(Outcome::Put(Ok(()))));
        assert_eq!(rig.store.merchant(&merchant_id()).await.expect("a read"), Some(full.clone()));

        let app = App {
            id: app_id(),
            kind: AppKind::Corporation,
            registered_only: true,
            workwx_secret: Some(WorkwxSecret::try_new("a-secret-of-the-corporation").expect("a secret")),
            app_secret: Some(AppSecret::try_new("a-secret-of-the-app").expect("a secret")),
            redirect_hosts: vec!["localhost".to_owned(), "example.com:8443".to_owned()],
            origins: vec!["https://example.com".to_owned(), "http://localhost:3000".to_owned()],
            keys: vec![AppKey {
                id: "2014".to_owned(),
                public_key_pem: "-----BEGIN PUBLIC KEY-----".to_owned(),
                validity: Validity { from: NOON, until },
            }],
            merchants: vec![merchant_id()],
            credentials: credentials(until),
        };
        let put = Box::new(PutApp { app: app.clone(), instead_of: None });
        assert_eq!(rig.call(Command::PutApp(put)).await, Ok(Outcome::Put(Ok(()))));
        assert_eq!(rig.store.app(&app_id()).await.expect("a read"), Some(app.clone()));
        for (origin, is_known) in [("https://example.com", true), ("http://localhost:3000", true), ("https://x.cn", false)] {
            assert_eq!(rig.store.has_origin(origin).await.expect("a read"), is_known, "{origin}");
        }

        let id = PersonId { app: app_id(), openid: openid() };
        assert_eq!(rig.store.person(&id).await.expect("a read"), None);
        for is_blocked in [true, false] {
            let person = Person { id: id.clone(), is_blocked };
            let put = Command::PutPerson(PutPerson { person: person.clone() });
            assert_eq!(rig.call(put).await, Ok(Outcome::Put(Ok(()))));
            assert_eq!(rig.store.person(&id).await.expect("a read"), Some(person));
        }

        let put = Box::new(PutMerchant { merchant: merchant(), instead_of: Some(full) });
        rig.call(Command::PutMerchant(put)).await.expect("an answer");
        let accepted = rig.accepted(send(1)).await;
        let view = rig.store.packet(&accepted.packet, ClaimRange::ALL).await.expect("a read").expect("a packet");
        assert_eq!(rig.store.packet_by_bill(&bill(1)).await.expect("a read"), Some(view.clone()));
        assert_eq!((view.now, view.packet.sent_at, view.packet.created_at, view.packet.stamp), (NOON, NOON, NOON, NOON));
        assert_eq!(view.packet.deadline, NOON.plus_millis(24 * HOUR_MS));
        assert_eq!(view.packet.texts, send(1).texts);
        assert_eq!((view.packet.recipient, view.packet.app, view.packet.payer), (Some(openid()), app_id(), merchant_id()));
        assert_eq!((view.packet.total, view.packet.share_count), (Fen::new(1000), 1));

        rig.claim(&accepted.packet).await.expect("a claim");
        let view = rig.store.packet(&accepted.packet, ClaimRange::ALL).await.expect("a read").expect("a packet");
        assert_eq!(view.packet.state, PacketState::Exhausted);
        assert_eq!((view.packet.claimed, view.packet.claimed_count), (Fen::new(1000), 1));
        let claims: Vec<_> = view.claims.iter().map(|c| (&c.openid, c.amount, c.index, c.claimed_at)).collect();
        assert_eq!(claims, [(&openid(), Fen::new(1000), 0, NOON)]);
        assert_eq!((rig.funds().await, rig.wallet().await), (Fen::ZERO, Fen::new(1000)));
        assert_eq!(rig.store.packet(&packet_id(2), ClaimRange::ALL).await.expect("a read"), None);
        rig.assert_books(1).await;
    }

    /// What only some products have comes back as well: no recipient, several shares, a sub-merchant, a sender's
    /// picture; and a transfer, which is in the wallet at once.
    what_other_products_have_is_read_back(make) {
        let rig = Rig::funded(make, 5000).await;
        let pre_order = SendPacket {
            share_count: 3,
            on_behalf_of: Some(MerchantId::try_new("10000090").expect("a merchant number")),
            texts: Texts {
                sender_picture: Some("picture".to_owned()),
                sender_agent: Some("1000002".to_owned()),
                recipient_name: Some("王小王".to_owned()),
                scene: None,
                ..send(1).texts
            },
            ..pre_order(1)
        };
        let accepted = rig.accepted(pre_order.clone()).await;
        let packet = rig.store.packet(&accepted.packet, ClaimRange::ALL).await.expect("a read").expect("a packet").packet;
        let drawn = Split::Drawn { rule: DrawRule::Live, key: 1 };
        assert_eq!((packet.product, packet.recipient, packet.split), (Product::PreOrder, None, drawn));
        assert_eq!(packet.pre_order, pre_order.pre_order);
        assert_eq!((packet.texts, packet.on_behalf_of), (pre_order.texts.clone(), pre_order.on_behalf_of.clone()));
        assert_eq!(packet.deadline, NOON.plus_millis(72 * HOUR_MS));
        assert!(rig.accepted(pre_order).await.is_replay);
        rig.assert_books(1).await;

        let bill = BillKey { family: Family::Transfers, ..bill(1) };
        let packet_id = packet_id_for(2, &bill);
        let transfer = SendPacket { packet_id, bill, product: Product::Transfer, ..send(1) };
        assert!(!rig.accepted(transfer.clone()).await.is_replay, "its numbers are apart from those of packets");
        assert!(rig.accepted(transfer.clone()).await.is_replay);
        let view = rig.store.packet_by_bill(&transfer.bill).await.expect("a read").expect("a packet");
        assert_eq!((view.packet.state, view.claims.len()), (PacketState::Exhausted, 0));
        assert_eq!((rig.funds().await, rig.wallet().await), (Fen::new(3000), Fen::new(1000)));
        rig.assert_books(2).await;
    }

    /// The shares of one packet go to different people in one batch, each once, and are read back a page at a time.
    shares_of_one_packet_are_claimed_in_turn(make) {
        let rig = Rig::funded(make, 5000).await;
        let group = SendPacket { product: Product::Group, share_count: 4, ..send(1) };
        let packet = rig.accepted(group).await.packet;
        let claim = |name: &str, way| {
            let openid = OpenId::try_new(name).expect("an openid");
            Command::ClaimShare(ClaimShare { packet: packet.clone(), app: app_id(), openid, way, registered_only: false })
        };
        assert_eq!(rig.call(claim("bob", ClaimWay::Link)).await, Ok(Outcome::Claim(Err(ClaimRejection::NotShared))));
        let first = rig.call(claim(openid().as_str(), ClaimWay::Message)).await;
        assert!(matches!(first, Ok(Outcome::Claim(Ok(Claimed { is_shared: true, .. })))), "{first:?}");
        rig.hold([]).await;
        let [bob, carol, again, dave, eve] = ["bob", "carol", "bob", "dave", "eve"].map(|name| rig.call(claim(name, ClaimWay::Link)));
        let release = async { rig.faults.release() };
        let (bob, carol, again, dave, eve, ()) = tokio::join!(biased; bob, carol, again, dave, eve, release);
        let amounts = [bob, carol, again, dave, eve].into_iter().map(|answer| match answer {
            Ok(Outcome::Claim(Ok(claimed))) => Ok((claimed.claim.index, claimed.claim.amount, claimed.is_replay)),
            Ok(Outcome::Claim(Err(rejection))) => Err(rejection),
            other => panic!("a claim ended as {other:?}"),
        });
        let amounts: Vec<_> = amounts.collect();
        let all = rig.store.packet(&packet, ClaimRange::ALL).await.expect("a read").expect("a packet");
        let keys = rig.store.draw_keys();
        let seed = all.packet.seed(keys).expect("a seed");
        let shares = seed.shares(DrawRule::Live, Fen::new(1000), 4).expect("four shares");
        let expected = [Ok((1, shares[1], false)), Ok((2, shares[2], false)), Ok((1, shares[1], true)),
            Ok((3, shares[3], false)), Err(ClaimRejection::Exhausted)];
        assert_eq!(amounts, expected);
        let places = |view: &crate::PacketView| view.claims.iter().map(|claim| claim.index).collect::<Vec<_>>();
        assert_eq!((places(&all), all.packet.state), (vec![3, 2, 1, 0], PacketState::Exhausted));
        for (range, expected) in [
            (ClaimRange { before: u32::MAX, limit: 2 }, vec![3, 2]),
            (ClaimRange { before: 2, limit: 2 }, vec![1, 0]),
            (ClaimRange::NONE, vec![]),
        ] {
            let page = rig.store.packet(&packet, range).await.expect("a read").expect("a packet");
            assert_eq!((places(&page), page.packet), (expected, all.packet.clone()));
        }
        let key = |openid: &OpenId| ClaimKey { packet: packet.clone(), openid: openid.clone() };
        let mine = rig.store.claim(&key(&openid())).await.expect("a read");
        assert_eq!(mine.as_ref(), all.claims.last());
        let nobody = OpenId::try_new("eve").expect("an openid");
        assert_eq!(rig.store.claim(&key(&nobody)).await.expect("a read"), None);
        rig.assert_books(1).await;
    }

    /// A campaign's packets are put in, found, given to one person each and counted; a draw is told of for ever.
    a_campaign_s_packets_find_their_people(make) {
        let rig = Rig::funded(make, 9000).await;
        let (campaign, changed) = (lottery(), Lottery { is_on: false, win_rate_ppm: 1, ..lottery() });
        let put = async |lottery: &Lottery, instead_of: Option<&Lottery>| {
            let put = PutLottery { lottery: lottery.clone(), instead_of: instead_of.cloned() };
            rig.call(Command::PutLottery(Box::new(put))).await
        };
        assert_eq!(put(&campaign, None).await, Ok(Outcome::Put(Ok(()))));
        assert_eq!(put(&changed, Some(&campaign)).await, Ok(Outcome::Put(Ok(()))));
        assert_eq!(rig.store.lottery(&campaign.id).await.expect("a read"), Some(changed.clone()));
        assert_eq!(put(&campaign, Some(&changed)).await, Ok(Outcome::Put(Ok(()))));
        let mut packets = Vec::new();
        for number in 1..=3 {
            packets.push(rig.accepted(pre_order(number)).await.packet);
        }
        let fill = FillLottery {
            lottery: campaign.id.clone(),
            merchant: merchant_id(),
            services: vec![MerchantId::try_new("1000052601").expect("a merchant number")],
            packets: packets.clone(),
        };
        assert_eq!(rig.call(Command::FillLottery(fill)).await, Ok(Outcome::Fill(Ok(vec![Ok(()); 3]))));
        let stored = rig.store.lottery(&campaign.id).await.expect("a read").expect("a campaign");
        assert_eq!(stored, Lottery { prizes: 3, ..campaign.clone() });
        let prize = |packet: &PacketId| Prize { packet: packet.clone(), payer: merchant_id() };
        let prizes = async |after: Option<&PacketId>, limit| {
            rig.store.prizes(&campaign.id, after, limit).await.expect("a read")
        };
        assert_eq!(prizes(None, 2).await, [prize(&packets[0]), prize(&packets[1])]);
        assert_eq!(prizes(Some(&packets[1]), 2).await, [prize(&packets[2])]);

        let key = |name: &str| BindingKey {
            lottery: campaign.id.clone(),
            openid: OpenId::try_new(name).expect("an openid"),
        };
        let bind = async |name: &str, packet: &PacketId| {
            let bind = BindPrize { key: key(name), app: app_id(), packet: packet.clone(), payer: merchant_id() };
            let Ok(Outcome::Bind(ended)) = rig.call(Command::BindPrize(bind)).await else { panic!("no draw") };
            ended
        };
        let bound = bind("alice", &packets[1]).await.expect("a draw that wins").binding;
        let expected = Binding { key: key("alice"), packet: packets[1].clone(), amount: Fen::new(1000), bound_at: NOON };
        assert_eq!(bound, expected);
        assert_eq!(bind("bob", &packets[1]).await, Err(BindRejection::Taken));
        assert_eq!(bind("alice", &packets[0]).await, Ok(Bound { binding: expected.clone(), is_replay: true }));
        bind("bob", &packets[0]).await.expect("a draw that wins");
        let alice = PersonId { app: app_id(), openid: key("alice").openid };
        let page = rig.store.packets_to(&alice, None, 9).await.expect("a read");
        assert_eq!(page.rows.iter().map(|sent| &sent.packet.id).collect::<Vec<_>>(), [&packets[1]]);
        let again = rig.accepted(SendPacket { recipient: Some(alice.openid.clone()), ..send(4) }).await.packet;
        let page = rig.store.packets_to(&alice, None, 9).await.expect("a read");
        assert_eq!(page.rows.iter().map(|sent| &sent.packet.id).collect::<Vec<_>>(), [&again, &packets[1]]);
        assert_eq!(prizes(None, 9).await, [prize(&packets[2])]);
        let packet = rig.store.packet(&packets[1], ClaimRange::NONE).await.expect("a read").expect("a packet").packet;
        let found = packet.pre_order.expect("a pre-order");
        assert_eq!((packet.recipient, found.bound_at), (Some(key("alice").openid), Some(NOON)));
        assert_eq!((found.lottery.as_ref(), found.risk_control), (Some(&campaign.id), RiskControl::IgnoreDay));
        let bindings = async |after: Option<&OpenId>, limit| {
            let read = rig.store.bindings(&campaign.id, after, limit).await.expect("a read");
            read.into_iter().map(|binding| binding.key.openid.as_str().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(bindings(None, 9).await, ["alice", "bob"]);
        let binding = async |person| rig.store.binding(&key(person)).await.expect("a read").map(|found| found.key);
        assert_eq!((binding("alice").await, binding("carol").await), (Some(key("alice")), None));
        assert_eq!(bindings(Some(&key("alice").openid), 9).await, ["bob"]);
        assert_eq!(bindings(None, 1).await, ["alice"]);
        let sums = async || rig.store.lottery_sums(&campaign.id).await.expect("a read");
        let (drawn, rest) = ((2, Fen::new(2000)), (1, Fen::new(1000)));
        assert_eq!(sums().await, LotterySums { drawn, available: rest, expired: (0, Fen::ZERO) });
        rig.clock.advance(72 * HOUR_MS);
        assert_eq!(sums().await, LotterySums { drawn, available: (0, Fen::ZERO), expired: rest });
        assert!(rig.accepted(pre_order(2)).await.is_replay, "the merchant's call is the same as before");
        rig.assert_books(4).await;
    }

    /// Two calls with one bill number in one batch: the second one sees what the first one did.
    a_replay_in_the_same_batch_gets_the_first_answer(make) {
        let rig = Rig::funded(make, 5000).await;
        rig.hold([]).await;
        let (first, second) = (rig.send(send(1)), rig.send(SendPacket { packet_id: packet_id(2), ..send(1) }));
        let release = async { rig.faults.release() };
        let (first, second, ()) = tokio::join!(biased; first, second, release);
        let accepted = Accepted { packet: packet_id(1), sent_at: NOON, is_replay: false };
        assert_eq!(first, Ok(SendOutcome::Accepted(accepted.clone())));
        assert_eq!(second, Ok(SendOutcome::Accepted(Accepted { is_replay: true, ..accepted })));
        assert_eq!(rig.faults.tries().len(), 2, "both calls were meant to be one batch");
        assert_eq!(rig.funds().await, Fen::new(4000));
        rig.assert_books(1).await;
    }

    /// Of a rejected command nothing is kept, whatever else its batch did.
    a_rejection_leaves_nothing_behind(make) {
        let rig = Rig::funded(make, 5000).await;
        rig.hold([]).await;
        let too_much = SendPacket { total: Fen::new(20_001), ..send(1) };
        let (rejected, accepted) = (rig.send(too_much), rig.send(send(2)));
        let release = async { rig.faults.release() };
        let (rejected, accepted, ()) = tokio::join!(biased; rejected, accepted, release);
        let range = SendRejection::AmountOutOfRange { min: Fen::new(100), max: Fen::new(20_000) };
        assert_eq!(rejected, Ok(SendOutcome::Rejected(range)));
        assert!(matches!(accepted, Ok(SendOutcome::Accepted(_))), "{accepted:?}");
        assert_eq!(rig.store.packet_by_bill(&bill(1)).await.expect("a read"), None);
        assert_eq!(rig.funds().await, Fen::new(4000));
        // The number is still free.
        rig.accepted(send(1)).await;
        rig.assert_books(2).await;
    }

    /// What landed keeps its number, id and values, moves nothing, and is completed by the same call.
    a_decline_is_stored_and_completed_later(make) {
        let rig = Rig::funded(make, 999).await;
        assert_eq!(rig.send(send(1)).await, Ok(SendOutcome::Declined(Decline::InsufficientFunds)));
        let view = rig.store.packet_by_bill(&bill(1)).await.expect("a read").expect("it landed");
        assert_eq!(view.packet.status(view.now), PacketStatus::Sending(Decline::InsufficientFunds));
        assert_eq!(rig.claim(&view.packet.id).await, Err(ClaimRejection::NotSent));
        assert_eq!(rig.funds().await, Fen::new(999));

        rig.clock.advance(HOUR_MS);
        rig.top_up("T1", 1).await.expect("a top-up").expect("money comes in");
        let other_text = Texts { greeting: "恭喜发财".to_owned(), ..send(1).texts };
        let again = SendPacket { packet_id: packet_id(7), texts: other_text, ..send(1) };
        let accepted = rig.accepted(again).await;
        assert_eq!(accepted.packet, packet_id(1), "the id of the first landing");
        assert!(!accepted.is_replay);
        let view = rig.store.packet_by_bill(&bill(1)).await.expect("a read").expect("it was sent");
        assert_eq!(view.packet.texts, send(1).texts, "the values of the first landing");
        assert_eq!(view.packet.sent_at, NOON.plus_millis(HOUR_MS));
        assert_eq!(view.packet.deadline, NOON.plus_millis(25 * HOUR_MS));
        assert_eq!(rig.funds().await, Fen::ZERO);
        rig.assert_books(1).await;
    }

    /// One bill number, one packet: a call that differs is refused, on an accepted and on a landed number.
    a_changed_call_moves_nothing(make) {
        let rig = Rig::funded(make, 1500).await;
        rig.accepted(send(1)).await;
        assert_eq!(rig.send(send(2)).await, Ok(SendOutcome::Declined(Decline::InsufficientFunds)));
        let other = OpenId::try_new("onqOjjmM1tad-3ROpncN-yUfa6uI").expect("an openid");
        for number in [1, 2] {
            let reused = |difference| Ok(SendOutcome::Rejected(SendRejection::BillNoReused(difference)));
            let changed = SendPacket { recipient: Some(other.clone()), total: Fen::new(100), ..send(number) };
            assert_eq!(rig.send(changed).await, reused(Difference::Recipient));
            let changed = SendPacket { total: Fen::new(100), ..send(number) };
            assert_eq!(rig.send(changed).await, reused(Difference::Total));
        }
        assert_eq!(rig.funds().await, Fen::new(500));
        rig.assert_books(2).await;
    }

    /// An answer is a promise: it is given when what it says is durable, not before.
    nobody_is_answered_before_the_commit(make) {
        let rig = Rig::funded(make, 1000).await;
        rig.faults.plan([Fault::Held]);
        let mut call = Box::pin(rig.send(send(1)));
        tokio::select! {
            answer = &mut call => panic!("answered before the commit: {answer:?}"),
            () = rig.faults.held() => {}
        }
        assert!(!is_answered(&mut call).await, "answered before the commit");
        rig.faults.release();
        assert!(matches!(call.await, Ok(SendOutcome::Accepted(_))));
        rig.assert_books(1).await;
    }

    /// After a conflict the batch is decided again on fresh rows.
    a_conflict_repeats_the_batch(make) {
        let rig = Rig::funded(make, 1000).await;
        rig.faults.plan([Fault::Conflict; 4]);
        assert!(!rig.accepted(send(1)).await.is_replay);
        assert_eq!(rig.faults.tries().len(), 5);
        assert_eq!(rig.funds().await, Fen::ZERO);
        rig.assert_books(1).await;
    }

    /// After five conflicts a batch is halved; both halves come through.
    a_batch_that_keeps_conflicting_is_split(make) {
        let rig = Rig::funded(make, 4000).await;
        rig.hold([Fault::Conflict; 5]).await;
        let (a, b, c, d) = (rig.send(send(1)), rig.send(send(2)), rig.send(send(3)), rig.send(send(4)));
        let release = async { rig.faults.release() };
        let (a, b, c, d, ()) = tokio::join!(biased; a, b, c, d, release);
        for answer in [a, b, c, d] {
            assert!(matches!(answer, Ok(SendOutcome::Accepted(_))), "{answer:?}");
        }
        assert_eq!(rig.faults.tries(), [0, 4, 4, 4, 4, 4, 2, 2]);
        assert_eq!(rig.funds().await, Fen::ZERO);
        rig.assert_books(4).await;
    }

    /// A command that conflicts again and again with nobody is a bug, and says so.
    a_command_that_conflicts_alone_is_a_system_error(make) {
        let rig = Rig::funded(make, 1000).await;
        rig.faults.plan([Fault::Conflict; 5]);
        assert_eq!(rig.send(send(1)).await, Err(CallError::SystemError));
        rig.assert_books(0).await;
        rig.accepted(send(1)).await;
    }

    /// The answer to the commit was lost, and it was written: the packet is there once.
    an_unknown_commit_that_was_written_comes_out_once(make) {
        let rig = Rig::funded(make, 1000).await;
        rig.faults.plan([Fault::UnknownApplied]);
        assert_eq!(rig.accepted(send(1)).await.packet, packet_id(1));
        assert_eq!(rig.faults.tries().len(), 2);
        assert_eq!(rig.funds().await, Fen::ZERO);
        rig.faults.plan([Fault::UnknownApplied]);
        rig.claim(&packet_id(1)).await.expect("a claim");
        rig.faults.plan([Fault::UnknownApplied]);
        rig.top_up("T1", 5).await.expect("a top-up").expect("money comes in");
        rig.faults.plan([Fault::UnknownApplied]);
        let to = NOON.plus_millis(HOUR_MS);
        assert_eq!(rig.call(Command::SetClock(SetClock { to })).await, Ok(Outcome::Clock(Ok(()))));
        assert_eq!(rig.store.now().await.expect("the time"), to);
        assert_eq!((rig.funds().await, rig.wallet().await), (Fen::new(5), Fen::new(1000)));
        rig.assert_books(1).await;
    }

    /// The answer to the commit was lost, and nothing was written: the packet is there once.
    an_unknown_commit_that_was_not_written_comes_out_once(make) {
        let rig = Rig::funded(make, 2000).await;
        rig.faults.plan([Fault::UnknownNotApplied, Fault::UnknownNotApplied, Fault::UnknownApplied]);
        assert_eq!(rig.accepted(send(1)).await.packet, packet_id(1));
        assert_eq!(rig.faults.tries().len(), 4);
        assert_eq!(rig.funds().await, Fen::new(1000));
        rig.assert_books(1).await;
    }

    /// Until it is known what became of a batch, nobody is answered and no other batch begins.
    an_unknown_commit_is_settled_before_the_next_batch(make) {
        let rig = Rig::funded(make, 2000).await;
        rig.faults.plan([Fault::UnknownApplied, Fault::Unavailable, Fault::Held]);
        let mut first = Box::pin(rig.send(send(1)));
        tokio::select! {
            answer = &mut first => panic!("answered while unknown: {answer:?}"),
            () = rig.faults.held() => {}
        }
        let mut second = Box::pin(rig.send(send(2)));
        assert!(!is_answered(&mut first).await, "answered while unknown");
        assert!(!is_answered(&mut second).await, "overtook a batch whose fate is unknown");
        assert_eq!(rig.faults.tries(), [1, 1, 1]);
        rig.faults.release();
        let (first, second) = tokio::join!(first, second);
        assert!(matches!(first, Ok(SendOutcome::Accepted(_))), "{first:?}");
        assert!(matches!(second, Ok(SendOutcome::Accepted(_))), "{second:?}");
        rig.assert_books(2).await;
    }

    /// Rows that can't be loaded are tried for a while; then it is said that nothing was done.
    a_store_out_of_reach_moves_nothing(make) {
        let rig = Rig::funded(make, 1000).await;
        rig.faults.plan([Fault::Unavailable; 3]);
        assert_eq!(rig.send(send(1)).await, Err(CallError::Unavailable));
        rig.assert_books(0).await;
        rig.accepted(send(1)).await;
    }

    /// A caller who doesn't wait learns nothing; what he asked is carried to its end.
    an_impatient_caller_is_settled_all_the_same(make) {
        let rig = Rig::funded(make, 1000).await;
        rig.faults.plan([Fault::Held]);
        let command = Command::SendPacket(Box::new(send(1)));
        assert_eq!(rig.lane.call(command, Duration::ZERO).await, Err(CallError::Unanswered));
        rig.faults.held().await;
        rig.faults.release();
        assert!(rig.accepted(send(1)).await.is_replay, "the first call was carried out");
        rig.assert_books(1).await;
    }

    /// What does not fit into the queue is refused before it.
    a_full_queue_refuses_before_anything_is_done(make) {
        let rig = Rig::open(make, LaneBounds { queue: 1, batch: 1 });
        rig.prepare(2000).await;
        rig.hold([]).await;
        let mut waits = Box::pin(rig.send(send(1)));
        assert!(!is_answered(&mut waits).await);
        assert_eq!(rig.send(send(2)).await, Err(CallError::Full));
        rig.faults.release();
        assert!(matches!(waits.await, Ok(SendOutcome::Accepted(_))));
        assert_eq!(rig.store.packet_by_bill(&bill(2)).await.expect("a read"), None);
        rig.assert_books(1).await;
    }

    /// Stopping answers what waits, and takes nothing more.
    a_stopping_lane_carries_out_what_waits(make) {
        let rig = Rig::funded(make, 2000).await;
        let policy = Policy { is_sandbox: true, ..Policy::default() };
        let (lane, thread) = Lane::start(&rig.store, policy, LaneBounds::default()).expect("a lane");
        rig.faults.plan([Fault::Held]);
        let mut call = Box::pin(lane.call(Command::SendPacket(Box::new(send(1))), PATIENCE));
        tokio::select! {
            answer = &mut call => panic!("answered before the commit: {answer:?}"),
            () = rig.faults.held() => {}
        }
        let mut waits = Box::pin(lane.call(Command::SendPacket(Box::new(send(2))), PATIENCE));
        assert!(!is_answered(&mut waits).await);
        let release = async { rig.faults.release() };
        let (first, second, (), ()) = tokio::join!(biased; call, waits, lane.clone().stop(thread), release);
        for answer in [first, second] {
            assert!(matches!(answer, Ok(Outcome::Send(SendOutcome::Accepted(_)))), "{answer:?}");
        }
        let refused = lane.call(Command::SendPacket(Box::new(send(3))), PATIENCE).await;
        assert_eq!(refused, Err(CallError::Stopped));
        rig.assert_books(2).await;
    }

    /// Two lanes of two writers, one bill number, many calls: one packet, one answer.
    two_lanes_pay_one_bill_number_once(make) {
        let rig = Rig::funded(make, 100_000).await;
        let policy = Policy { is_sandbox: true, ..Policy::default() };
        let (other, _) = Lane::start(&rig.store, policy, LaneBounds::default()).expect("a lane");
        let mut calls = tokio::task::JoinSet::new();
        for number in 0..64 {
            let lane = if number % 2 == 0 { rig.lane.clone() } else { other.clone() };
            let packet_id = packet_id_for(100 + number, &bill(number % 4));
            let command = SendPacket { packet_id, ..send(number % 4) };
            calls.spawn(async move {
                let bill = command.bill.clone();
                (bill, lane.call(Command::SendPacket(Box::new(command)), PATIENCE).await)
            });
        }
        let mut firsts = 0;
        let mut ids = std::collections::HashMap::new();
        while let Some(answer) = calls.join_next().await {
            let (bill, answer) = answer.expect("a call");
            let Ok(Outcome::Send(SendOutcome::Accepted(accepted))) = answer else { panic!("{answer:?}") };
            firsts += u32::from(!accepted.is_replay);
            let id = ids.entry(bill).or_insert_with(|| accepted.packet.clone());
            assert_eq!(*id, accepted.packet);
        }
        assert_eq!((ids.len(), firsts), (4, 4));
        assert_eq!(rig.funds().await, Fen::new(96_000));
        rig.assert_books(4).await;
    }

    /// Two lanes of two writers, one person, commits whose answers are lost: he gets as many packets as he may,
    /// and the counters say so.
    two_lanes_keep_one_persons_limit(make) {
        let rig = Rig::funded(make, 100_000).await;
        let policy = Policy { is_sandbox: true, ..Policy::default() };
        let (other, _) = Lane::start(&rig.store, policy, LaneBounds::default()).expect("a lane");
        let accepted = async |lane: &Lane, number, recipient| {
            let command = SendPacket { recipient: Some(recipient), ..send(number) };
            let answer = lane.call(Command::SendPacket(Box::new(command)), PATIENCE).await;
            matches!(answer, Ok(Outcome::Send(SendOutcome::Accepted(_))))
        };
        // Both have seen counters before his comes.
        for (lane, number) in [(&rig.lane, 1), (&other, 2), (&rig.lane, 3), (&other, 4)] {
            assert!(accepted(lane, number, stranger(number)).await);
        }
        rig.faults.plan([Fault::UnknownApplied, Fault::UnknownNotApplied, Fault::UnknownApplied]);
        let mut outcomes = Vec::new();
        for number in 5..19 {
            let lanes = if number % 2 == 0 { [&rig.lane, &other] } else { [&other, &rig.lane] };
            outcomes.push(accepted(lanes[0], number, openid()).await);
            assert!(accepted(lanes[1], 100 + number, stranger(number)).await);
        }
        let limit = Limits::default().recipient_packets_per_day as usize;
        assert_eq!(outcomes.iter().filter(|accepted| **accepted).count(), limit);
        assert!(outcomes[..limit].iter().all(|accepted| *accepted), "{outcomes:?}");
        assert_eq!(rig.funds().await, Fen::new(100_000 - 1000 * (4 + 10 + 14)));
        rig.assert_books(32).await;
    }

    /// The clock goes forward, is kept, and the same call again finds it done.
    the_sandbox_clock_only_goes_forward(make) {
        let rig = Rig::funded(make, 1000).await;
        let set = |to| Command::SetClock(SetClock { to });
        let later = NOON.plus_millis(24 * HOUR_MS);
        assert_eq!(rig.call(set(later)).await, Ok(Outcome::Clock(Ok(()))));
        assert_eq!(rig.store.now().await.expect("the time"), later);
        rig.clock.advance(HOUR_MS);
        let now = later.plus_millis(HOUR_MS);
        assert_eq!(rig.call(set(later)).await, Ok(Outcome::Clock(Ok(()))));
        assert_eq!(rig.store.now().await.expect("the time"), now);
        assert_eq!(rig.call(set(NOON)).await, Ok(Outcome::Clock(Ok(()))));
        assert_eq!(rig.store.now().await.expect("the time"), now);
        assert_eq!(rig.accepted(send(1)).await.sent_at, now);
    }

    /// The real clock steps back; what happened to a row stays in order.
    a_rows_time_never_runs_backwards(make) {
        let rig = Rig::funded(make, 1000).await;
        let sent = rig.accepted(send(1)).await;
        rig.clock.set(NOON.plus_millis(-HOUR_MS));
        let claimed = rig.claim(&sent.packet).await.expect("a claim");
        assert_eq!(claimed.claim.claimed_at, NOON);
        rig.assert_books(1).await;
    }

    /// The last moment to claim is the one before expiry; a share once claimed is answered for ever.
    a_claim_is_good_until_just_before_expiry(make) {
        let rig = Rig::funded(make, 2000).await;
        let (first, second) = (rig.accepted(send(1)).await, rig.accepted(send(2)).await);
        rig.clock.set(NOON.plus_millis(24 * HOUR_MS - 1));
        let claimed = rig.claim(&first.packet).await.expect("a claim in time");
        assert!(!claimed.is_replay);
        rig.clock.advance(1);
        assert_eq!(rig.claim(&second.packet).await, Err(ClaimRejection::Expired), "the refund has not run");
        let again = rig.claim(&first.packet).await.expect("the same share again");
        assert_eq!((again.claim, again.is_replay), (claimed.claim, true));
        assert_eq!(rig.expire().await, [Expired::Refunded(Fen::new(1000))]);
        assert_eq!(rig.claim(&second.packet).await, Err(ClaimRejection::Refunded));
        assert_eq!((rig.funds().await, rig.wallet().await), (Fen::new(1000), Fen::new(1000)));
        rig.assert_books(2).await;
    }

    /// Expiry is found when it is due, refunds once, and finds nothing the second time.
    what_nobody_claims_goes_back_once(make) {
        let rig = Rig::funded(make, 1000).await;
        let accepted = rig.accepted(send(1)).await;
        rig.clock.set(NOON.plus_millis(24 * HOUR_MS - 1));
        assert_eq!(rig.store.due(0, None, 100).await.expect("due work"), []);
        rig.clock.advance(1);
        let due = rig.store.due(0, None, 100).await.expect("due work");
        assert_eq!(due.len(), 1);
        let view = rig.store.packet(&accepted.packet, ClaimRange::ALL).await.expect("a read").expect("a packet");
        assert_eq!(view.packet.status(view.now), PacketStatus::Refunding);

        let expire = || Command::ExpirePacket(ExpirePacket { due: due[0].clone() });
        rig.faults.plan([Fault::UnknownApplied]);
        assert_eq!(rig.call(expire()).await, Ok(Outcome::Expire(Expired::AlreadyDone)));
        assert_eq!(rig.call(expire()).await, Ok(Outcome::Expire(Expired::AlreadyDone)));
        assert_eq!(rig.store.due(0, None, 100).await.expect("due work"), []);
        assert_eq!(rig.funds().await, Fen::new(1000));
        let view = rig.store.packet(&accepted.packet, ClaimRange::ALL).await.expect("a read").expect("a packet");
        let at = NOON.plus_millis(24 * HOUR_MS);
        assert_eq!(view.packet.status(view.now), PacketStatus::Refunded { amount: Fen::new(1000), at });
        assert!(rig.accepted(send(1)).await.is_replay, "the number stays used");
        rig.assert_books(1).await;
    }

    /// What landed fails when its time is over, whether or not the job has run; the number stays used.
    what_lands_and_stays_fails_for_good(make) {
        let rig = Rig::funded(make, 0).await;
        assert_eq!(rig.send(send(1)).await, Ok(SendOutcome::Declined(Decline::InsufficientFunds)));
        rig.top_up("T1", 1000).await.expect("a top-up").expect("money comes in");
        rig.clock.set(NOON.plus_millis(24 * HOUR_MS));
        let failed = Ok(SendOutcome::Rejected(SendRejection::BillNoFailed));
        assert_eq!(rig.send(send(1)).await, failed);
        assert_eq!(rig.expire().await, [Expired::Failed]);
        assert_eq!(rig.expire().await, []);
        assert_eq!(rig.send(send(1)).await, failed);
        let view = rig.store.packet_by_bill(&bill(1)).await.expect("a read").expect("it landed");
        assert_eq!(view.packet.state, PacketState::Failed(Decline::InsufficientFunds));
        assert_eq!(rig.funds().await, Fen::new(1000));
        rig.assert_books(1).await;
    }

    /// Due work that can't be done does not hide what stands behind it, wherever one begins.
    due_work_is_read_page_by_page(make) {
        let rig = Rig::funded(make, 10_000).await;
        for number in [3, 1, 2] {
            rig.accepted(send(number)).await;
        }
        rig.clock.advance(1);
        rig.accepted(send(0)).await;
        rig.clock.advance(24 * HOUR_MS);
        let sent: BTreeSet<_> = [0, 1, 2, 3].map(packet_id).into();
        let shards: Vec<_> = sent.iter().map(PacketId::shard).collect();
        for first_shard in [0, 1, shards[0], shards[1] + 1, shards[2], 999] {
            let all = rig.store.due(first_shard, None, 100).await.expect("due work");
            assert_eq!(all.len(), 4);
            assert_eq!(all.iter().map(|due| due.packet.clone()).collect::<BTreeSet<_>>(), sent);
            let mut paged = Vec::new();
            loop {
                let page = rig.store.due(first_shard, paged.last(), 1).await.expect("due work");
                if page.is_empty() {
                    break;
                }
                paged.extend(page);
            }
            assert_eq!(paged, all, "from {first_shard} on");
        }
    }

    /// What is of one shard comes oldest first.
    due_work_comes_oldest_first(make) {
        let rig = Rig::funded(make, 10_000).await;
        let first = send(1);
        let of_its_shard = |number: &u32| bill(*number).shard() == first.bill.shard();
        let numbers: Vec<u32> = (2..).filter(of_its_shard).take(2).collect();
        for number in [numbers[1], 1, numbers[0]] {
            rig.accepted(send(number)).await;
            rig.clock.advance(1);
        }
        rig.clock.advance(24 * HOUR_MS);
        let due = rig.store.due(0, None, 100).await.expect("due work");
        let ids: Vec<_> = due.into_iter().map(|due| due.packet).collect();
        assert_eq!(ids, [numbers[1], 1, numbers[0]].map(packet_id));
        assert_eq!(rig.expire().await.len(), 3);
    }

    /// The same reference and content get the first answer; other content is refused with what is stored.
    a_reference_used_again_moves_nothing(make) {
        let rig = Rig::funded(make, 0).await;
        let first = rig.top_up("T1", 1000).await.expect("a top-up").expect("money comes in");
        rig.clock.advance(HOUR_MS);
        assert_eq!(rig.top_up("T1", 1000).await, Ok(Ok(first.clone())));
        assert_eq!(rig.top_up("T1", 1001).await, Ok(Err(TopUpRejection::ReferenceReused(first))));
        assert_eq!(rig.funds().await, Fen::new(1000));
        let nobody = MerchantId::try_new("99").expect("a merchant number");
        let reference = Reference::try_new("T2").expect("a reference");
        let top_up = TopUp { reference, merchant: nobody.clone(), amount: Fen::new(1) };
        let refused = Outcome::TopUp(Err(TopUpRejection::NoSuchMerchant(nobody)));
        assert_eq!(rig.call(Command::TopUp(top_up)).await, Ok(refused));
        rig.assert_books(0).await;
    }

    /// Adding what is there already, and is the same, is done; what differs is refused, unless it takes the place of
    /// just what is there, so that of two who change a merchant neither undoes what the other did.
    a_merchant_does_not_take_anothers_place(make) {
        let rig = Rig::funded(make, 0).await;
        let named = |name: &str| Merchant { name: name.to_owned(), ..merchant() };
        let put = async |merchant: Merchant, instead_of: Option<Merchant>| {
            rig.call(Command::PutMerchant(Box::new(PutMerchant { merchant, instead_of }))).await
        };
        let (done, refused) = (Ok(Outcome::Put(Ok(()))), Ok(Outcome::Put(Err(PutRejection))));
        assert_eq!(put(merchant(), None).await, done);
        assert_eq!(put(named("微信支付"), None).await, refused);
        assert_eq!(rig.store.merchant(&merchant_id()).await.expect("a read"), Some(merchant()));
        assert_eq!(put(named("微信支付"), Some(merchant())).await, done);
        assert_eq!(put(named("天虹商场"), Some(merchant())).await, refused);
        assert_eq!(put(named("微信支付"), Some(merchant())).await, done, "it is as it was to be");
        assert_eq!(rig.store.merchant(&merchant_id()).await.expect("a read"), Some(named("微信支付")));
    }

    /// A code is good once: whoever comes second is told so, and an attempt whose answer was lost succeeds when it is
    /// decided again. What is refused leaves nothing behind.
    a_code_is_redeemed_once(make) {
        let rig = Rig::open(make, LaneBounds::default());
        let code = |nonce: u8| CodeKey { issued_at: NOON, nonce: [nonce; 8] };
        let redeem = async |nonce, attempt: u8| {
            rig.call(Command::RedeemCode(RedeemCode { code: code(nonce), attempt: [attempt; 16] })).await
        };
        let (done, used) = (Ok(Outcome::Redeem(Ok(()))), Ok(Outcome::Redeem(Err(RedeemRejection::Used))));
        for (nonce, faults) in [
            (1, vec![]),
            (2, vec![Fault::UnknownApplied]),
            (3, vec![Fault::UnknownNotApplied]),
            (4, vec![Fault::Conflict, Fault::UnknownApplied]),
        ] {
            rig.faults.plan(faults);
            assert_eq!(redeem(nonce, 1).await, done, "code {nonce}");
            assert_eq!(redeem(nonce, 2).await, used, "code {nonce}");
            assert_eq!(redeem(nonce, 1).await, done, "the same attempt, decided again");
        }
        rig.clock.set(NOON.plus_millis(CODE_LIFETIME_MS - 1));
        assert_eq!(redeem(5, 1).await, done, "the last moment");
        rig.clock.advance(1);
        let expired = Ok(Outcome::Redeem(Err(RedeemRejection::Expired)));
        assert_eq!(redeem(6, 1).await, expired);
        assert_eq!(redeem(5, 2).await, used, "that it was used is known for longer");
        rig.clock.set(NOON);
        assert_eq!(redeem(6, 2).await, done, "nothing was stored of the call that came too late");
        rig.clock.advance(CODE_REMEMBERED_MS + 1);
        let later = CodeKey { issued_at: rig.clock.now(), nonce: [7; 8] };
        let redeemed = rig.call(Command::RedeemCode(RedeemCode { code: later, attempt: [1; 16] })).await;
        assert_eq!((redeemed, redeem(5, 1).await), (done, expired), "old ones are not kept");
        rig.assert_books(0).await;
    }

    /// Two lanes are sent the same code at the same time: one call is told who it is.
    two_lanes_redeem_one_code_once(make) {
        let rig = Rig::open(make, LaneBounds::default());
        let other = Lane::start(&rig.store, Policy::default(), LaneBounds::default()).expect("a lane starts").0;
        for nonce in 1..=20_u8 {
            let redeem = |attempt: u8| {
                let code = CodeKey { issued_at: NOON, nonce: [nonce; 8] };
                Command::RedeemCode(RedeemCode { code, attempt: [attempt; 16] })
            };
            let (one, two) = tokio::join!(rig.call(redeem(1)), other.call(redeem(2), PATIENCE));
            let ends = [one.expect("an answer"), two.expect("an answer")];
            let used = Outcome::Redeem(Err(RedeemRejection::Used));
            assert!(ends.contains(&Outcome::Redeem(Ok(()))) && ends.contains(&used), "{ends:?}");
        }
    }

    /// Money is held, paid out or given back, each once, whatever answer was lost; and every column comes back.
    a_withdrawal_is_held_and_settled_once(make) {
        let rig = Rig::funded(make, 5000).await;
        rig.pay(1, 1000).await;
        let stored = async |reference| rig.store.withdrawal(&withdrawal_key(reference)).await.expect("a read");
        assert_eq!(rig.hold_money("W1", 1001).await, Err(HoldRejection::InsufficientBalance(Fen::new(1000))));
        assert_eq!(stored("W1").await, None);
        rig.faults.plan([Fault::UnknownApplied]);
        let first = rig.hold_money("W1", 600).await.expect("money to hold");
        assert!(!first.is_replay, "that its answer was lost on the way is nobody's affair");
        let expected = Withdrawal {
            key: withdrawal_key("W1"),
            openid: openid(),
            amount: Fen::new(600),
            held_at: NOON,
            state: WithdrawalState::Held,
            previous: None,
        };
        assert_eq!(stored("W1").await, Some(expected.clone()));
        assert_eq!(rig.hold_money("W1", 601).await, Err(HoldRejection::ReferenceReused(Box::new(expected))));
        rig.faults.plan([Fault::UnknownNotApplied, Fault::Conflict]);
        let second = rig.hold_money("W2", 300).await.expect("money to hold").withdrawal;
        assert_eq!(second.previous.as_ref().map(Reference::as_str), Some("W1"));
        assert_eq!(rig.wallet().await, Fen::new(100));
        rig.assert_books(1).await;

        rig.clock.advance(HOUR_MS);
        rig.faults.plan([Fault::UnknownApplied]);
        let paid = rig.settle("W1", Settlement::Confirm, "P1").await.expect("a withdrawal");
        let settled = Settled { reference: Reference::try_new("P1").expect("a reference"), at: NOON.plus_millis(HOUR_MS) };
        assert_eq!(paid.withdrawal.state, WithdrawalState::Confirmed(settled));
        rig.settle("W2", Settlement::Cancel, "P2").await.expect("a withdrawal");
        for (reference, how) in [("W1", Settlement::Cancel), ("W2", Settlement::Confirm)] {
            let stored = stored(reference).await.expect("a withdrawal");
            let again = rig.settle(reference, how, "P1").await;
            assert_eq!(again, Err(SettleRejection::AlreadySettled(Box::new(stored))));
        }
        let account = LedgerAccount::RecipientWallet(app_id(), openid());
        let account = rig.store.account(&account).await.expect("an account");
        assert_eq!((account.balance(), account.received()), (Some(Fen::new(400)), Some(Fen::new(1000))));
        assert_eq!((account.wallet.held, account.wallet.withdrawn), (Fen::ZERO, Fen::new(600)));
        assert_eq!(account.wallet.newest_withdrawal, Some(second.key.reference));
        let report = rig.store.audit().await.expect("an audit");
        assert_eq!((report.withdrawals, report.held, report.settlement), (2, 0, -4400));
        rig.assert_books(1).await;
    }

    /// Two lanes of two writers, one balance, many withdrawals: never more than there is.
    two_lanes_do_not_overdraw_one_wallet(make) {
        let rig = Rig::funded(make, 5000).await;
        rig.pay(1, 1000).await;
        let policy = Policy { is_sandbox: true, ..Policy::default() };
        let (other, _) = Lane::start(&rig.store, policy, LaneBounds::default()).expect("a lane");
        let mut calls = tokio::task::JoinSet::new();
        for number in 0..40_u32 {
            let lane = if number % 2 == 0 { rig.lane.clone() } else { other.clone() };
            // Each twice, so that a lane meets what the other one did.
            let command = hold_money(&format!("W{}", number / 2), 70);
            calls.spawn(async move { lane.call(command, PATIENCE).await });
        }
        let (mut held, mut refused) = (0, 0);
        while let Some(answer) = calls.join_next().await {
            match answer.expect("a call") {
                Ok(Outcome::Hold(Ok(withdrawn))) => held += u32::from(!withdrawn.is_replay),
                Ok(Outcome::Hold(Err(HoldRejection::InsufficientBalance(balance)))) => {
                    assert_eq!(balance, Fen::new(20));
                    refused += 1;
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((held, refused, rig.wallet().await), (14, 12, Fen::new(20)));
        rig.assert_books(1).await;
    }

    /// What came into a wallet, what was withdrawn from it, and what was sent to a person is read newest first, a page
    /// at a time, and nobody else's.
    a_person_s_history_is_read_page_by_page(make) {
        let rig = Rig::funded(make, 9000).await;
        let me = PersonId { app: app_id(), openid: openid() };
        let mut ids = Vec::new();
        for number in 1..=3 {
            ids.push(rig.accepted(send(number)).await.packet);
        }
        let transfer = rig.pay(4, 500).await;
        rig.claim(&ids[1]).await.expect("a claim");
        rig.claim(&ids[0]).await.expect("a claim");
        let group = SendPacket { product: Product::Group, share_count: 4, recipient: Some(stranger(1)), ..send(5) };
        let group = rig.accepted(group).await.packet;
        for (openid, way) in [(stranger(1), ClaimWay::Message), (openid(), ClaimWay::Link)] {
            let claim = ClaimShare { packet: group.clone(), app: app_id(), openid, way, registered_only: false };
            rig.call(Command::ClaimShare(claim)).await.expect("an answer");
        }
        // Too much for the funds: it lands, and is completed later, but stays in its place.
        let landing = SendPacket { total: Fen::new(6000), ..send(6) };
        assert_eq!(rig.send(landing.clone()).await, Ok(SendOutcome::Declined(Decline::InsufficientFunds)));
        let last = rig.accepted(send(7)).await.packet;
        rig.top_up("T1", 9000).await.expect("a top-up").expect("money comes in");
        let landed = rig.accepted(landing).await.packet;
        let late = transfer_of(8, 30_000);
        let late_id = late.packet_id.clone();
        assert_eq!(rig.send(late).await, Ok(SendOutcome::Declined(Decline::InsufficientFunds)));

        let entries = async |person: &PersonId, from: Option<PacketId>, limit| {
            let page = rig.store.wallet_entries(person, from.as_ref(), limit).await.expect("a read");
            let ids: Vec<_> = page.rows.iter().map(|entry| entry.packet().clone()).collect();
            (ids, page.next)
        };
        let all = vec![group.clone(), ids[0].clone(), ids[1].clone(), transfer.clone()];
        assert_eq!(entries(&me, None, 9).await, (all.clone(), None));
        assert_eq!(entries(&me, None, 3).await, (all[..3].to_vec(), Some(transfer.clone())));
        assert_eq!(entries(&me, Some(transfer.clone()), 3).await, (vec![transfer.clone()], None));
        let other = PersonId { openid: stranger(1), ..me.clone() };
        assert_eq!(entries(&other, None, 9).await, (vec![group.clone()], None));
        for not_theirs in [&transfer, &ids[0], &packet_id(99)] {
            assert_eq!(entries(&other, Some(not_theirs.clone()), 9).await, (vec![], None));
        }
        let elsewhere = PersonId { app: AppId::try_new("wx0").expect("an app id"), ..me.clone() };
        assert_eq!(entries(&elsewhere, Some(ids[0].clone()), 9).await, (vec![], None));

        let packets = async |person: &PersonId, from: Option<PacketId>, limit| {
            let page = rig.store.packets_to(person, from.as_ref(), limit).await.expect("a read");
            let ids: Vec<_> = page.rows.iter().map(|sent| (sent.packet.id.clone(), sent.claim.is_some())).collect();
            (ids, page.next)
        };
        let all = [(&last, false), (&landed, false), (&ids[2], false), (&ids[1], true), (&ids[0], true)];
        let mut all: Vec<_> = all.into_iter().map(|(id, is_opened)| (id.clone(), is_opened)).collect();
        all.extend([(late_id, false), (transfer.clone(), false)]);
        assert_eq!(packets(&me, None, 9).await, (all.clone(), None));
        let (mut paged, mut from) = (Vec::new(), None);
        loop {
            let (rows, next) = packets(&me, from, 2).await;
            paged.extend(rows);
            from = next;
            if from.is_none() {
                break;
            }
        }
        assert_eq!(paged, all);
        assert_eq!(packets(&other, None, 9).await, (vec![(group.clone(), true)], None));
        assert_eq!(packets(&other, Some(last), 9).await, (vec![], None));
        assert_eq!(packets(&elsewhere, None, 9).await, (vec![], None));

        for number in 1..=3 {
            rig.hold_money(&format!("W{number}"), 10).await.expect("money to hold");
        }
        let withdrawals = async |person: &PersonId, from: Option<&str>, limit| {
            let from = from.map(|from| Reference::try_new(from).expect("a reference"));
            let page = rig.store.withdrawals(person, from.as_ref(), limit).await.expect("a read");
            let references: Vec<_> = page.rows.iter().map(|row| row.key.reference.to_string()).collect();
            (references, page.next.map(|next| next.to_string()))
        };
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(withdrawals(&me, None, 2).await, (names(&["W3", "W2"]), Some("W1".to_owned())));
        assert_eq!(withdrawals(&me, Some("W1"), 2).await, (names(&["W1"]), None));
        assert_eq!(withdrawals(&other, Some("W1"), 2).await, (vec![], None));
        rig.assert_books(8).await;
    }

    /// Whoever is erased, step by step and with answers lost, is under their name no more, and the books are whole after
    /// each step; who comes again under the same name begins anew, in every lane.
    who_is_erased_is_nowhere_and_may_come_again(make) {
        let rig = Rig::funded(make, 9000).await;
        let policy = Policy { is_sandbox: true, ..Policy::default() };
        let (other, _) = Lane::start(&rig.store, policy, LaneBounds::default()).expect("a lane");
        let person = PersonId { app: app_id(), openid: openid() };
        rig.call(Command::PutPerson(PutPerson { person: Person { id: person.clone(), is_blocked: false } })).await
            .expect("an answer");
        let [first, second] = [rig.accepted(send(1)).await.packet, rig.accepted(send(2)).await.packet];
        let transfer = rig.pay(3, 500).await;
        rig.claim(&first).await.expect("a claim");
        rig.claim(&second).await.expect("a claim");
        let named = SendPacket { texts: Texts { recipient_name: Some("王小王".to_owned()), ..send(4).texts }, ..send(4) };
        let named = rig.accepted(named).await.packet;
        rig.hold_money("W1", 2500).await.expect("money to hold");
        rig.settle("W1", Settlement::Confirm, "P1").await.expect("a withdrawal");

        let pseudonym = OpenId::try_new("xPseudonym").expect("an openid");
        let step = async |step: ErasureStep| {
            let erase = ErasePerson { person: person.clone(), pseudonym: pseudonym.clone(), step };
            match rig.call(Command::ErasePerson(Box::new(erase))).await {
                Ok(Outcome::Erase(outcome)) => outcome,
                other => panic!("an erasure ended as {other:?}"),
            }
        };
        assert_eq!(step(ErasureStep::Begin).await, Ok(pseudonym.clone()));
        assert_eq!(rig.claim(&named).await, Err(ClaimRejection::BeingErased));
        loop {
            let withdrawals = rig.store.withdrawals(&person, None, 2).await.expect("a read");
            let entries = rig.store.wallet_entries(&person, None, 2).await.expect("a read");
            let packets = rig.store.packets_to(&person, None, 2).await.expect("a read");
            let next = next_step(&withdrawals, &entries, &packets);
            rig.faults.plan([Fault::UnknownNotApplied, Fault::Conflict, Fault::UnknownApplied]);
            assert_eq!(step(next.clone()).await, Err(EraseRejection::Moved), "its answer was lost: it had been done");
            rig.assert_books(4).await;
            if next == ErasureStep::Finish {
                break;
            }
        }
        assert_eq!(rig.store.person(&person).await.expect("a read"), None);
        let key = |openid: &OpenId| ClaimKey { packet: first.clone(), openid: openid.clone() };
        assert_eq!(rig.store.claim(&key(&openid())).await.expect("a read"), None);
        let kept = rig.store.claim(&key(&pseudonym)).await.expect("a read").expect("the posting");
        assert_eq!((&kept.openid, kept.amount, &kept.previous), (&pseudonym, Fen::new(1000), &None));
        let account = |openid: &OpenId| LedgerAccount::RecipientWallet(app_id(), openid.clone());
        let account_of = async |openid: &OpenId| rig.store.account(&account(openid)).await.expect("an account");
        assert_eq!(account_of(&openid()).await, Account::default());
        let kept = account_of(&pseudonym).await;
        assert_eq!((kept.received(), kept.wallet.withdrawn), (Some(Fen::new(2500)), Fen::new(2500)));
        let withdrawal = rig.store.withdrawal(&withdrawal_key("W1")).await.expect("a read").expect("a withdrawal");
        assert_eq!((&withdrawal.openid, &withdrawal.previous), (&pseudonym, &None));
        for id in [&first, &second, &transfer, &named] {
            let view = rig.store.packet(id, ClaimRange::ALL).await.expect("a read").expect("a packet");
            assert_eq!((view.packet.recipient.as_ref(), &view.packet.texts.recipient_name), (Some(&pseudonym), &None));
            assert_eq!((view.packet.previous, view.packet.previous_in_wallet), (None, None));
        }
        let difference = SendOutcome::Rejected(SendRejection::BillNoReused(Difference::Recipient));
        assert_eq!(rig.send(send(1)).await, Ok(difference));

        // The same name again, in one lane and in the other.
        for (lane, number) in [(&other, 5), (&rig.lane, 6), (&other, 7)] {
            let ended = lane.call(Command::SendPacket(Box::new(send(number))), PATIENCE).await;
            assert!(matches!(ended, Ok(Outcome::Send(SendOutcome::Accepted(_)))), "{ended:?}");
        }
        let packets = rig.store.packets_to(&person, None, 9).await.expect("a read").rows;
        assert_eq!(packets.iter().map(|sent| sent.packet.id.clone()).collect::<Vec<_>>(), [7, 6, 5].map(packet_id));
        rig.assert_books(7).await;
    }

    /// Only that app's people are listed, in order, and no more than asked for.
    people_are_listed_app_by_app(make) {
        let rig = Rig::open(make, LaneBounds::default());
        let other = AppId::try_new("wx0").expect("an app id");
        let mut people = Vec::new();
        for (app, number, is_blocked) in [(app_id(), 2, false), (other.clone(), 1, false), (app_id(), 3, true), (app_id(), 1, false)] {
            let person = Person { id: PersonId { app, openid: stranger(number) }, is_blocked };
            rig.call(Command::PutPerson(PutPerson { person: person.clone() })).await.expect("an answer");
            people.push(person);
        }
        let expected = [3, 0, 2].map(|index| people[index].clone());
        assert_eq!(rig.store.people(&app_id(), 100).await.expect("a read"), expected);
        assert_eq!(rig.store.people(&app_id(), 2).await.expect("a read"), expected[..2]);
        assert_eq!(rig.store.people(&other, 100).await.expect("a read"), people[1..2]);
        assert_eq!(rig.store.people(&AppId::try_new("wx1").expect("an app id"), 100).await.expect("a read"), []);
    }
}
