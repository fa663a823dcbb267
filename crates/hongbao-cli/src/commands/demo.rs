//! `hongbao demo`: the main job once, end to end, on an embedded store in a temporary folder, and what
//! happened. Exit code 0 when everything happened as it should.

use std::path::Path;
use std::process::ExitCode;

use hongbao::{Client, RedPackInfo, SendRedPack};
use hongbao_server::{AdminDoor, Doors, PlatformOptions};
use hongbao_store::{Currency, StoreInfo, StoreKind};
use hongbao_types::{BillNo, Fen, OpenId};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::audit::{counts, of_platform};
use super::dev::{provision_merchant_and_app, url};
use super::serve::{open, start};
use crate::admin_client::AdminClient;
use crate::error::{Explain, Failure, Result};
use crate::kit::{APP_KEY_ID, Kit, MERCHANT_ID, MERCHANT_NAME, OPENID};
use crate::money::money;
use crate::output::{Output, say};
use crate::people_client;
use crate::profile::AppAccess;

/// The platform, and everybody's way into it.
struct Demo {
    admin: AdminClient,
    merchant: Client,
    app: AppAccess,
    currency: Currency,
}

pub(crate) async fn run(output: Output) -> Result<ExitCode> {
    super::refuse_json(output, "the demo")?;
    let folder = tempfile::tempdir().explain("no temporary folder")?;
    let kit = Kit::generate()?;
    let info = StoreInfo { kind: StoreKind::Sandbox, currency: Currency::renminbi() };
    let socket = folder.path().join("admin.sock");
    let doors = Doors {
        tls: Some((([127, 0, 0, 1], 0).into(), kit.tls_options()?)),
        plain: None,
        admin: vec![AdminDoor::Socket(socket.clone())],
        balancers: Vec::new(),
    };
    // The job that gives money back is called by hand, so that the moment before it can be seen.
    let options = PlatformOptions { expire_every: None, ..PlatformOptions::default() };
    let store = open(&folder.path().join("hongbao.db"), &info)?;
    let server = start(store, &options, doors).await?;
    let base_url = url("https", server.addresses().tls);
    let result = play(folder.path(), &socket, &kit, base_url, info.currency).await;
    server.stop().await;
    result
}

/// Everything, on a platform that has just started.
async fn play(folder: &Path, socket: &Path, kit: &Kit, base_url: String, currency: Currency) -> Result<ExitCode> {
    let admin = AdminClient::over_socket(socket)?;
    provision_merchant_and_app(&admin, kit).await?;
    say!("A platform with an embedded store in {}", folder.display());
    say!("merchant {MERCHANT_ID} {MERCHANT_NAME} sends over mTLS to {base_url}, signed with its API key");
    say!("person   {OPENID}");

    let merchant = Client::builder(Kit::merchant_id(), kit.api_key()?)
        .base_url(&base_url)
        .identity(kit.merchant_identity()?)
        .root_ca_pem(&kit.authority_pem)
        .build()
        .explain("the client could not be made")?;
    let app = AppAccess {
        base_url,
        app: Kit::app_id(),
        person: None,
        key_id: APP_KEY_ID.to_owned(),
        private_key: kit.app_key_pem.clone(),
        root_ca: Some(kit.authority_pem.clone()),
    };
    Demo { admin, merchant, app, currency }.play().await
}

impl Demo {
    async fn play(&self) -> Result<ExitCode> {
        let (first, second, third) = (bill_no(1), bill_no(2), bill_no(3));

        title("The merchant's funds are topped up");
        self.top_up("demo-1", 2000).await?;

        title("It sends a packet, and, as if the answer had been lost, sends it again");
        let sent = self.send(&first, 1000).await?;
        let again = self.send(&first, 1000).await?;
        expect(sent == again, "the same number gets the same send_listid")?;

        title("The same number with another amount moves nothing");
        self.refused(&first, 1500, "FATAL_ERROR").await?;
        self.query(&first, "SENT").await?;

        title("The person opens it");
        let openid = OpenId::try_new(OPENID).map_err(Failure::new)?;
        let share = people_client::claim(&self.app, &openid, &sent, None).await?;
        say!("  opened       {} as {}", self.fen(&share["amount_fen"]), openid);
        self.query(&first, "RECEIVED").await?;

        title("A second packet takes the rest of the funds; for a third there is too little");
        self.send(&second, 1000).await?;
        self.query(&second, "SENT").await?;
        self.refused(&third, 1000, "NOTENOUGH").await?;
        self.query(&third, "SENDING").await?;

        title("A day goes by. Nobody opened the second packet: its money goes back");
        self.turn_clock(SignedDuration::from_hours(24)).await?;
        self.query(&second, "RFUND_ING").await?;
        let expired = self.admin.post("/admin/expire", &Value::Null).await?;
        say!("  expiry       {} refunded, {} failed", expired["refunded"], expired["failed"]);
        self.query(&second, "REFUND").await?;
        self.query(&third, "FAILED").await?;
        self.refused(&third, 1000, "SEND_FAILED").await?;

        title("The books");
        let books = of_platform(&self.admin).await?;
        let accounts = [
            ("settlement", &books.settlement_fen),
            ("merchant funds", &books.merchant_funds_fen),
            ("escrow", &books.escrow_fen),
            ("wallets", &books.wallets_fen),
        ];
        let mut sum = 0;
        for (name, fen) in accounts {
            let fen: i128 = fen.parse().explain("the books make no sense")?;
            sum += fen;
            say!("  {name:14} {:>10}", money(fen, &self.currency));
        }
        say!("  {:14} {:>10}", "sum", money(sum, &self.currency));
        for difference in &books.differences {
            say!("  difference   {difference}");
        }
        expect(books.is_clean && sum == 0, "every fen is in its place")?;
        say!("  audit          {}: every fen is in its place", counts(&books));
        Ok(ExitCode::SUCCESS)
    }

    async fn top_up(&self, reference: &str, fen: i64) -> Result<()> {
        let body = json!({ "reference": reference, "merchant_id": MERCHANT_ID, "amount_fen": fen });
        let stored = self.admin.post("/admin/top-ups", &body).await?;
        say!("  top-up       {} by reference {reference}", self.fen(&stored["amount_fen"]));
        Ok(())
    }

    async fn send(&self, bill_no: &BillNo, fen: u32) -> Result<hongbao_types::PacketId> {
        let sent = self.merchant.sendredpack(&request(bill_no, fen)).await;
        let sent = sent.map_err(|error| super::send::explain(&error, bill_no))?;
        say!("  sendredpack  {bill_no} {} -> SUCCESS, send_listid {}", self.money(&fen.to_string()), sent.packet);
        Ok(sent.packet)
    }

    async fn refused(&self, bill_no: &BillNo, fen: u32, code: &str) -> Result<()> {
        match self.merchant.sendredpack(&request(bill_no, fen)).await {
            Ok(_) => expect(false, "a send that had to be refused was accepted"),
            Err(error) => {
                let shown = error.code().map_or_else(|| "no code".to_owned(), ToString::to_string);
                say!(
                    "  sendredpack  {bill_no} {} -> {shown} {}",
                    self.money(&fen.to_string()),
                    error.description().unwrap_or_default()
                );
                expect(shown == code, "it is refused for the right reason")
            }
        }
    }

    async fn query(&self, bill_no: &BillNo, status: &str) -> Result<()> {
        let info = self.merchant.gethbinfo(bill_no, &self.app.app).await;
        let info: RedPackInfo = info.map_err(|error| super::query::explain(&error))?;
        let more = match (&info.reason, info.refund_amount, info.shares.first()) {
            (Some(reason), _, _) => format!(", {reason}"),
            (_, Some(amount), _) => format!(", {} went back", self.money(&amount.to_string())),
            (_, _, Some(share)) => format!(", {} opened {}", share.openid, self.money(&share.amount.to_string())),
            (None, None, None) => String::new(),
        };
        say!("  gethbinfo    {bill_no} -> {}{more}", info.status.as_str());
        expect(info.status.as_str() == status, "the packet is in the right state")
    }

    async fn turn_clock(&self, by: SignedDuration) -> Result<()> {
        let now = self.admin.get("/admin/clock").await?;
        let now: jiff::Timestamp =
            now["now"].as_str().unwrap_or_default().parse().explain("the platform's time makes no sense")?;
        let to = now.checked_add(by).explain("there is no such time")?;
        self.admin.put("/admin/clock", &json!({ "to": to.to_string() })).await?;
        say!("  clock        {by:#} later");
        Ok(())
    }

    fn fen(&self, value: &Value) -> String {
        self.money(&value.to_string())
    }

    fn money(&self, fen: &str) -> String {
        fen.parse().map_or_else(|_| fen.to_owned(), |fen| money(fen, &self.currency))
    }
}

fn title(text: &str) {
    say!("\n{text}");
}

/// The demo is a test as well: what it claims is checked.
fn expect(is_so: bool, what: &str) -> Result<()> {
    if is_so { Ok(()) } else { Err(Failure::new(format!("the demo went wrong: {what}"))) }
}

/// The official samples' number, and the next ones.
fn bill_no(number: u64) -> BillNo {
    BillNo::try_new(&format!("100000982014111112345678{:02}", 89 + number)).expect("a bill number")
}

/// The packet of the official samples.
fn request(bill_no: &BillNo, fen: u32) -> SendRedPack {
    SendRedPack {
        bill_no: bill_no.clone(),
        app: Kit::app_id(),
        recipient: OpenId::try_new(OPENID).expect("the sample is an openid"),
        total: Fen::new(fen),
        sender_name: MERCHANT_NAME.to_owned(),
        greeting: "感谢您参加猜灯谜活动，祝您元宵节快乐！".to_owned(),
        activity: "猜灯谜抢红包活动".to_owned(),
        remark: "猜越多得越多，快来抢！".to_owned(),
        client_ip: "192.168.0.1".to_owned(),
        scene: Some("PRODUCT_8".to_owned()),
        risk_info: None,
        on_behalf_of: None,
    }
}
