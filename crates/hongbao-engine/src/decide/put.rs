//! May a merchant, an app or a campaign be stored as given? If what is there is what it was made from, or already the same.

use crate::command::{PutApp, PutLottery, PutMerchant};
use crate::outcome::PutRejection;
use crate::rows::Rows;

pub(super) fn merchant(rows: &mut Rows, put: &PutMerchant) -> Result<(), PutRejection> {
    let PutMerchant { merchant, instead_of } = put;
    judge(rows.merchants.get(&merchant.id), merchant, instead_of.as_ref())?;
    rows.merchants.put(merchant.id.clone(), merchant.clone());
    Ok(())
}

pub(super) fn app(rows: &mut Rows, put: &PutApp) -> Result<(), PutRejection> {
    let PutApp { app, instead_of } = put;
    judge(rows.apps.get(&app.id), app, instead_of.as_ref())?;
    rows.apps.put(app.id.clone(), app.clone());
    Ok(())
}

pub(super) fn lottery(rows: &mut Rows, put: &PutLottery) -> Result<(), PutRejection> {
    let PutLottery { lottery, instead_of } = put;
    judge(rows.lotteries.get(&lottery.id), lottery, instead_of.as_ref())?;
    rows.lotteries.put(lottery.id.clone(), lottery.clone());
    Ok(())
}

fn judge<T: PartialEq>(stored: Option<&T>, new: &T, instead_of: Option<&T>) -> Result<(), PutRejection> {
    if stored == Some(new) || stored == instead_of { Ok(()) } else { Err(PutRejection) }
}
