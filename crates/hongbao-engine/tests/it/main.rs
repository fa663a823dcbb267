//! Does the engine decide as it should? One packet's story in rows, long random histories against a
//! plain model, and the edges of the batch.

mod batch;
mod draw;
mod history;
mod scenario;

use hongbao_engine::command::{Command, PutMerchant};
use hongbao_engine::directory::Merchant;
use hongbao_engine::draw::DrawKeys;
use hongbao_engine::packet::{BillKey, Family, Texts};
use hongbao_types::{AppId, BillNo, DrawKey, MerchantId, OpenId, PacketId, Timestamp};

/// 2014-11-11 12:00:00 in Beijing.
const NOON: Timestamp = Timestamp::from_millis(1_415_678_400_000);
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// The merchant that the tests call `M1`, `M2` and so on.
fn merchant_id(number: u32) -> MerchantId {
    MerchantId::try_new(&number.to_string()).expect("a merchant number")
}

/// The app that the tests call `wx1`, `wx2` and so on.
fn app_id(number: u32) -> AppId {
    AppId::try_new(&format!("wx{number}")).expect("an app id")
}

fn openid(name: &str) -> OpenId {
    OpenId::try_new(name).expect("an openid")
}

fn packet_id(number: u64) -> PacketId {
    PacketId::try_new(&number.to_string()).expect("a packet id")
}

fn bill_key(merchant: u32, bill_no: &str) -> BillKey {
    let bill_no = BillNo::try_new(bill_no).expect("a bill number");
    BillKey { merchant: merchant_id(merchant), family: Family::Packets, bill_no }
}

fn texts(scene: Option<&str>) -> Texts {
    Texts { greeting: "恭喜发财".to_owned(), scene: scene.map(str::to_owned), ..Texts::default() }
}

fn put_merchant(merchant: Merchant, instead_of: Option<Merchant>) -> Command {
    Command::PutMerchant(Box::new(PutMerchant { merchant, instead_of }))
}

/// The one key that draws follow from here.
fn draw_keys() -> DrawKeys {
    DrawKeys::new(vec![(1, DrawKey::new([1; 32]))])
}
