//! A node to try: a store, a lane into it, and what is called in these tests.

use std::time::Duration;

use hongbao_engine::command::{ClaimShare, ClaimWay, Command, PutMerchant, SendPacket, TopUp};
use hongbao_engine::decide::Policy;
use hongbao_engine::directory::Merchant;
use hongbao_engine::limits::Limits;
use hongbao_engine::outcome::{Accepted, Outcome, SendOutcome};
use hongbao_engine::packet::{BillKey, Family, Product, Texts};
use hongbao_store::{CallError, Currency, Lane, LaneBounds, Store, StoreInfo, StoreKind};
use hongbao_store_postgres::{OpenOptions, PostgresStore};
use hongbao_types::{AppId, Fen, MerchantId, OpenId, PacketId};

pub(crate) const PATIENCE: Duration = Duration::from_mins(2);
/// What comes in for the merchant, and what each packet holds.
pub(crate) const FUNDS: i64 = 10_000_000;
pub(crate) const EACH: i64 = 100;

#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) store: PostgresStore,
    pub(crate) lane: Lane,
}

pub(crate) fn merchant_id() -> MerchantId {
    "10000098".parse().unwrap()
}

pub(crate) fn app() -> AppId {
    "wx8888888888888888".parse().unwrap()
}

pub(crate) fn person(number: u32) -> OpenId {
    format!("oPerson{number:021}").parse().unwrap()
}

pub(crate) fn bill(number: u32) -> BillKey {
    let bill_no = format!("B{number}").parse().unwrap();
    BillKey { merchant: merchant_id(), family: Family::Packets, bill_no }
}

/// An id for the packet with this number, as this node would make it.
fn packet_id(node: u32, number: u32) -> PacketId {
    format!("1000{node:04}{number:09}{:03}", bill(number).shard()).parse().unwrap()
}

pub(crate) fn send(node: u32, number: u32) -> SendPacket {
    SendPacket {
        packet_id: packet_id(node, number),
        bill: bill(number),
        product: Product::Ordinary,
        payer: merchant_id(),
        on_behalf_of: None,
        app: app(),
        recipient: Some(person(number)),
        total: Fen::try_new(EACH).unwrap(),
        share_count: 1,
        texts: Texts::default(),
        pre_order: None,
    }
}

pub(crate) fn database_name(url: &str) -> &str {
    url.rsplit('/').next().unwrap().split('?').next().unwrap()
}

impl Node {
    /// A node of the platform at `url`; the first one makes it.
    pub(crate) async fn start(url: &str) -> Node {
        Node::start_with(url, OpenOptions::default()).await
    }

    pub(crate) async fn start_with(url: &str, options: OpenOptions) -> Node {
        let info = StoreInfo { kind: StoreKind::Live, currency: Currency::renminbi() };
        let store = PostgresStore::open_or_create(url, &info, options).await.unwrap();
        Node::over(store, LaneBounds::default())
    }

    pub(crate) fn over(store: PostgresStore, bounds: LaneBounds) -> Node {
        let (lane, _) = Lane::start(&store, Policy::default(), bounds).unwrap();
        Node { store, lane }
    }

    /// A merchant without limits, and money for him.
    pub(crate) async fn fund(&self) {
        self.fund_up_to(Limits::NO_COUNT).await;
    }

    /// A merchant who may send so many packets a day, and money for him.
    pub(crate) async fn fund_up_to(&self, packets_per_day: u32) {
        let mut merchant = Merchant::new(merchant_id(), "天虹百货");
        merchant.limits.packets_per_day = packets_per_day;
        merchant.limits.packets_per_second = Limits::NO_COUNT;
        merchant.limits.packets_per_minute = Limits::NO_COUNT;
        merchant.limits.amount_per_day = Fen::MAX;
        self.call(Command::PutMerchant(Box::new(PutMerchant { merchant, instead_of: None }))).await.unwrap();
        let (reference, amount) = ("T1".parse().unwrap(), Fen::try_new(FUNDS).unwrap());
        let top_up = self.call(Command::TopUp(TopUp { reference, merchant: merchant_id(), amount })).await;
        assert!(matches!(top_up, Ok(Outcome::TopUp(Ok(_)))), "{top_up:?}");
    }

    pub(crate) async fn call(&self, command: Command) -> Result<Outcome, CallError> {
        self.lane.call(command, PATIENCE).await
    }

    pub(crate) async fn send(&self, command: SendPacket) -> Result<Accepted, CallError> {
        let outcome = self.call(Command::SendPacket(Box::new(command))).await?;
        let Outcome::Send(SendOutcome::Accepted(accepted)) = outcome else { panic!("a send ended as {outcome:?}") };
        Ok(accepted)
    }

    pub(crate) async fn claim(&self, packet: &PacketId, number: u32) -> Outcome {
        self.try_claim(packet, number).await.unwrap()
    }

    pub(crate) async fn try_claim(&self, packet: &PacketId, number: u32) -> Result<Outcome, CallError> {
        let claim = ClaimShare {
            packet: packet.clone(),
            app: app(),
            openid: person(number),
            way: ClaimWay::Message,
            registered_only: false,
        };
        self.call(Command::ClaimShare(claim)).await
    }

    /// The books are clean, and hold so many packets of which nobody has opened any.
    pub(crate) async fn assert_books(&self, packets: usize) {
        let report = self.store.audit().await.unwrap();
        assert!(report.is_clean(), "{report:?}");
        let escrow = i128::try_from(packets).unwrap() * i128::from(EACH);
        assert_eq!(report.packets, u64::try_from(packets).unwrap(), "{report:?}");
        assert_eq!((report.escrow, report.merchant_funds), (escrow, i128::from(FUNDS) - escrow), "{report:?}");
    }
}
