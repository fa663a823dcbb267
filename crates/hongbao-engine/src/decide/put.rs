//! May a merchant or an app be stored as given? Always, but for one that must not take another's place,
//! or is to keep what is not there.

use crate::command::{PutApp, PutMerchant};
use crate::outcome::PutRejection;
use crate::rows::Rows;

pub(super) fn merchant(rows: &mut Rows, put: &PutMerchant) -> Result<(), PutRejection> {
    let stored = rows.merchants.get(&put.merchant.id);
    let mut merchant = put.merchant.clone();
    if put.keeps.keys {
        merchant.keys.clone_from(&stored.ok_or(PutRejection::NothingToKeep)?.keys);
    }
    if put.keeps.certificates {
        merchant.certificates = stored.map(|stored| stored.certificates.clone()).unwrap_or_default();
    }
    if !put.replace && stored.is_some_and(|stored| *stored != merchant) {
        return Err(PutRejection::Exists);
    }
    rows.merchants.put(merchant.id.clone(), merchant);
    Ok(())
}

pub(super) fn app(rows: &mut Rows, put: &PutApp) -> Result<(), PutRejection> {
    let stored = rows.apps.get(&put.app.id);
    let mut app = put.app.clone();
    if put.keeps_secret {
        app.workwx_secret = stored.and_then(|stored| stored.workwx_secret.clone());
    }
    if !put.replace && stored.is_some_and(|stored| *stored != app) {
        return Err(PutRejection::Exists);
    }
    rows.apps.put(app.id.clone(), app);
    Ok(())
}
