//! `hongbao query`: what became of a red packet?

use std::process::ExitCode;

use hongbao::{ErrorCode, Fen, RedPackInfo};
use serde_json::json;

use super::send::client;
use crate::args::QueryArgs;
use crate::error::{Failure, Result, chain};
use crate::output::{Output, plain, say};
use crate::profile::Profile;

pub(crate) async fn run(args: QueryArgs, output: Output) -> Result<ExitCode> {
    let path = &args.profile.profile;
    let access = Profile::read(path)?.merchant(path)?;
    let info = client(&access)?.gethbinfo(&args.bill_no, &access.app).await.map_err(|error| explain(&error))?;
    let shares = info.shares.iter().map(
        |share| json!({ "openid": share.openid.as_str(), "amount": share.amount.as_i64(), "rcv_time": share.time }),
    );
    let object = json!({
        "mch_billno": info.bill_no.as_str(),
        "status": info.status.as_str(),
        "reason": info.reason,
        "detail_id": info.packet.as_str(),
        "total_amount": info.total.as_i64(),
        "total_num": info.share_count,
        "send_time": info.send_time,
        "refund_amount": info.refund_amount.map(Fen::as_i64),
        "refund_time": info.refund_time,
        "hblist": shares.collect::<Vec<_>>(),
    });
    output.result(object, || lines(&info));
    Ok(ExitCode::SUCCESS)
}

fn lines(info: &RedPackInfo) {
    say!("mch_billno  {}", info.bill_no);
    say!("status      {}", plain(info.status.as_str()));
    if let Some(reason) = &info.reason {
        say!("reason      {}", plain(reason));
    }
    say!("detail_id   {}", info.packet);
    say!("amount      {} fen in {}", info.total, info.share_count);
    say!("send_time   {}", plain(&info.send_time));
    if let (Some(amount), Some(time)) = (info.refund_amount, &info.refund_time) {
        say!("refunded    {amount} fen at {}", plain(time));
    }
    for share in &info.shares {
        say!("opened      {} fen by {} at {}", share.amount, share.openid, plain(&share.time));
    }
}

/// A query moves nothing; what matters is what its answer proves.
pub(super) fn explain(error: &hongbao::Error) -> Failure {
    let failure = Failure::new(chain(error)).fact("err_code", error.code().map(ErrorCode::as_str));
    if error.code() == Some(&ErrorCode::NotFound) {
        failure.hint("no proof that nothing was sent: a send may still be under way; send again with the same number")
    } else if error.code().is_some() {
        failure.hint(error.advice())
    } else {
        failure.hint("nothing is known of the packet; ask again")
    }
}
