//! `hongbao query`: what became of a red packet?

use std::process::ExitCode;

use super::send::{client, explain};
use crate::args::QueryArgs;
use crate::error::Result;
use crate::profile::Profile;

pub(crate) async fn run(args: QueryArgs) -> Result<ExitCode> {
    let path = &args.profile.profile;
    let access = Profile::read(path)?.merchant(path)?;
    let info =
        client(&access)?.gethbinfo(&args.bill_no, &access.app).await.map_err(|error| explain(&error, &args.bill_no))?;
    println!("mch_billno  {}", info.bill_no);
    println!("status      {}", info.status.as_str());
    if let Some(reason) = &info.reason {
        println!("reason      {reason}");
    }
    println!("detail_id   {}", info.packet);
    println!("amount      {} fen in {}", info.total, info.share_count);
    println!("send_time   {}", info.send_time);
    if let (Some(amount), Some(time)) = (info.refund_amount, &info.refund_time) {
        println!("refunded    {amount} fen at {time}");
    }
    for share in &info.shares {
        println!("opened      {} fen by {} at {}", share.amount, share.openid, share.time);
    }
    Ok(ExitCode::SUCCESS)
}
