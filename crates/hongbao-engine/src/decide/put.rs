//! May a merchant or an app be stored as given? Always, but for one that must not take another's place.

use crate::command::{PutApp, PutMerchant};
use crate::outcome::PutRejection;
use crate::rows::Rows;

pub(super) fn merchant(rows: &mut Rows, put: &PutMerchant) -> Result<(), PutRejection> {
    let stored = rows.merchants.get(&put.merchant.id);
    if !put.replace && stored.is_some_and(|stored| *stored != put.merchant) {
        return Err(PutRejection::Exists);
    }
    rows.merchants.put(put.merchant.id.clone(), put.merchant.clone());
    Ok(())
}

pub(super) fn app(rows: &mut Rows, put: &PutApp) -> Result<(), PutRejection> {
    let stored = rows.apps.get(&put.app.id);
    if !put.replace && stored.is_some_and(|stored| *stored != put.app) {
        return Err(PutRejection::Exists);
    }
    rows.apps.put(put.app.id.clone(), put.app.clone());
    Ok(())
}
