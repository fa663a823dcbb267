//! `hongbao send`: one red packet.

use std::process::ExitCode;

use hongbao::{Certainty, SendRedPack};
use hongbao_types::{BillNo, MerchantId};

use crate::args::SendArgs;
use crate::error::{Explain, Failure, Result};
use crate::profile::{MerchantAccess, Profile};

pub(crate) async fn run(args: SendArgs) -> Result<ExitCode> {
    let path = &args.profile.profile;
    let access = Profile::read(path)?.merchant(path)?;
    let client = client(&access)?;
    let bill_no = match args.bill_no {
        Some(bill_no) => bill_no,
        None => made_up(&access.merchant)?,
    };
    // Before the call: whoever loses the answer sends again with the same number.
    println!("mch_billno  {bill_no}");
    let request = SendRedPack {
        bill_no: bill_no.clone(),
        app: access.app.clone(),
        recipient: args.to.clone(),
        total: args.amount,
        sender_name: args.send_name,
        greeting: args.wishing,
        activity: args.act_name,
        remark: args.remark,
        client_ip: "127.0.0.1".to_owned(),
        scene: args.scene_id,
    };
    let sent = client.sendredpack(&request).await.map_err(|error| explain(&error, &bill_no))?;
    println!("sent        {} fen to {}", args.amount, args.to);
    println!("send_listid {}", sent.packet);
    Ok(ExitCode::SUCCESS)
}

/// A client that acts in the profile's name.
pub(crate) fn client(access: &MerchantAccess) -> Result<hongbao::Client> {
    let mut builder =
        hongbao::Client::builder(access.merchant.clone(), access.api_key.clone()).base_url(&access.base_url);
    if let Some((certificate, key)) = &access.identity {
        builder = builder.identity_pem(certificate, key);
    }
    if let Some(root_ca) = &access.root_ca {
        builder = builder.root_ca_pem(root_ca);
    }
    builder.build().map_err(|error| Failure::new(crate::error::chain(&error)))
}

/// What happened, whether money moved, and what to do.
pub(crate) fn explain(error: &hongbao::Error, bill_no: &BillNo) -> Failure {
    let moved = match error.certainty() {
        Certainty::NothingMoved => "no money moved",
        Certainty::MayHaveMoved => "money may have moved",
    };
    Failure::new(format!("{} ({moved})", crate::error::chain(error)))
        .hint(format!("{}; the bill number is {bill_no}", error.advice()))
}

/// The form that the official page suggests: merchant number, date, ten digits.
fn made_up(merchant: &MerchantId) -> Result<BillNo> {
    let date = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(8))).strftime("%Y%m%d");
    let random = getrandom::u64().explain("no randomness")? % 10_000_000_000;
    BillNo::try_new(&format!("{merchant}{date}{random:010}")).map_err(Failure::new)
}
