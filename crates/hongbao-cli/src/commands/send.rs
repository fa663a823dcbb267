//! `hongbao send`: one red packet, of one share or of several.

use std::process::ExitCode;

use hongbao::{BuildError, Certainty, ErrorCode, SendGroupRedPack, SendRedPack};
use hongbao_types::{BillNo, MerchantId};
use hongbao_wire::endpoint::SENDREDPACK;
use serde_json::json;

use crate::args::SendArgs;
use crate::error::{Explain, Failure, Result};
use crate::output::{Output, say};
use crate::profile::{MerchantAccess, Profile, named};

pub(crate) async fn run(args: SendArgs, output: Output) -> Result<ExitCode> {
    let path = &args.profile.profile;
    let access = Profile::read(path)?.merchant(path)?;
    let client = client(&access)?;
    let recipient = named(args.to, access.person.as_ref(), "--to")?;
    let is_made_up = args.bill_no.is_none();
    let bill_no = match args.bill_no {
        Some(bill_no) => bill_no,
        None => made_up(&access.merchant)?,
    };
    // Before the call: whoever loses the answer sends again with the same number.
    output.announce("mch_billno", &bill_no, is_made_up);
    let sent = if let Some(share_count) = args.shares {
        let request = SendGroupRedPack {
            bill_no: bill_no.clone(),
            app: access.app.clone(),
            seed_user: recipient.clone(),
            total: args.amount,
            share_count,
            sender_name: args.send_name,
            greeting: args.wishing,
            activity: args.act_name,
            remark: args.remark,
            scene: args.scene_id,
            risk_info: None,
            on_behalf_of: None,
        };
        client.sendgroupredpack(&request).await
    } else {
        let request = SendRedPack {
            bill_no: bill_no.clone(),
            app: access.app.clone(),
            recipient: recipient.clone(),
            total: args.amount,
            sender_name: args.send_name,
            greeting: args.wishing,
            activity: args.act_name,
            remark: args.remark,
            client_ip: "127.0.0.1".to_owned(),
            scene: args.scene_id,
            risk_info: None,
            on_behalf_of: None,
        };
        client.sendredpack(&request).await
    };
    let sent = sent.map_err(|error| explain(&error, &bill_no))?;
    let object = json!({
        "mch_billno": bill_no.as_str(),
        "re_openid": recipient.as_str(),
        "total_amount": args.amount.as_i64(),
        "send_listid": sent.packet.as_str(),
    });
    output.result(object, || {
        say!("sent        {} fen to {}", args.amount, recipient);
        say!("send_listid {}", sent.packet);
    });
    Ok(ExitCode::SUCCESS)
}

/// A client that acts in the profile's name.
pub(crate) fn client(access: &MerchantAccess) -> Result<hongbao::Client> {
    let mut builder =
        hongbao::Client::builder(access.merchant.clone(), access.api_key.clone()).base_url(&access.base_url);
    if let Some(identity) = &access.identity {
        builder = builder.identity(identity.clone());
    }
    if let Some(root_ca) = &access.root_ca {
        builder = builder.root_ca_pem(root_ca);
    }
    builder.build().map_err(|error| {
        let failure = Failure::new(crate::error::chain(&error));
        match error {
            BuildError::Identity(_) | BuildError::IdentityMismatch(_) => failure.hint(
                "certificate_file and private_key_file in the profile name a pair: apiclient_cert.pem and apiclient_key.pem",
            ),
            BuildError::RootCa(_) => failure.hint("root_ca_file in the profile names a PEM certificate: rootca.pem"),
            BuildError::BaseUrl(_) => failure.hint("correct base_url in the profile"),
            BuildError::Http(_) => failure,
        }
    })
}

/// What happened, whether money moved, and what to do.
pub(crate) fn explain(error: &hongbao::Error, bill_no: &BillNo) -> Failure {
    let (moved, machine) = match (error.certainty(), error.code()) {
        // The one answer that speaks for every call with this number.
        (Certainty::NothingMoved, Some(ErrorCode::SendFailed)) => ("no money moved", "no"),
        (Certainty::NothingMoved, _) => {
            ("this call moved no money; an earlier one with the same number may have", "not_by_this_call")
        }
        (Certainty::MayHaveMoved, _) => ("money may have moved", "unknown"),
    };
    Failure::new(format!("{} ({moved})", crate::error::chain(error)))
        .hint(format!("{}; the bill number is {bill_no}", error.advice()))
        .fact("err_code", error.code().map(ErrorCode::as_str))
        .fact("money_moved", machine)
        .fact("mch_billno", bill_no.as_str())
}

/// The form that the official page suggests: merchant number, date, ten digits; for a merchant number
/// that leaves no room for them, twenty digits.
pub(super) fn made_up(merchant: &MerchantId) -> Result<BillNo> {
    let date = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(8))).strftime("%Y%m%d");
    let random = getrandom::u64().explain("no randomness")?;
    let prefix = format!("{merchant}{date}");
    let number = match SENDREDPACK.bill_no_max.checked_sub(prefix.len()) {
        Some(room) if room >= 10 => format!("{prefix}{:010}", random % 10_000_000_000),
        _ => format!("{random:020}"),
    };
    BillNo::try_new(&number).map_err(Failure::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_up_bill_number_fits_whatever_the_merchant_number() {
        for merchant in ["1", "10000098", "1234567890", "12345678901", "12345678901234567890123456789012"] {
            let number = made_up(&MerchantId::try_new(merchant).unwrap()).unwrap();
            assert!(number.as_str().len() <= SENDREDPACK.bill_no_max, "{number}");
            assert_ne!(number, made_up(&MerchantId::try_new(merchant).unwrap()).unwrap());
        }
    }
}
