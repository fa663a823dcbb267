//! On whose behalf, and at whose expense?

use serde_json::json;

use super::{Call, Code, books};
use crate::rig::{APP, KEY, MERCHANT, Rig, codes};

const SUB: &str = "10000090";
const THIRD: &str = "10000097";
const MESSAGE_APP: &str = "wx28b16568a629bb33";

/// The merchant as a provider, whom the sub-merchant has admitted; the sub-merchant has 5000 fen.
async fn provider() -> Rig {
    let rig = Rig::start().await;
    rig.put_merchant_as(SUB, json!({ "keys": [{ "key": KEY }], "providers": [MERCHANT] })).await;
    rig.top_up_of(SUB, "T2", 5000).await;
    rig
}

/// It goes through, and the sub-merchant pays.
async fn sub_merchant_pays(rig: &Rig, changes: &[(&str, &str)]) {
    assert_eq!(codes(&rig.send(changes).await), ["SUCCESS"; 3]);
    assert_eq!((rig.funds_of(SUB).await, books(rig).await), (4000, (5000, 1)));
}

pub(super) async fn an_app_of_neither_merchant_reaches_nobody(code: &Code) {
    let rig = provider().await;
    let changes = [("sub_mch_id", SUB), ("msgappid", MESSAGE_APP)];
    let call = Call::ordinary(&rig, &changes);
    let text = "触达消息给用户appid有误";
    call.is_refused(code, text).await;
    rig.put_app(MESSAGE_APP, json!({ "merchants": [THIRD] })).await;
    call.is_refused(code, text).await;
    rig.put_app(MESSAGE_APP, json!({ "merchants": [SUB] })).await;
    sub_merchant_pays(&rig, &changes).await;
}

pub(super) async fn a_sub_merchant_must_have_admitted_the_provider(code: &Code) {
    let rig = provider().await;
    let text = "主、子商户号关系校验失败";
    Call::ordinary(&rig, &[("sub_mch_id", "10000091"), ("msgappid", APP)]).is_refused(code, text).await;
    let changes = [("sub_mch_id", SUB), ("msgappid", APP)];
    let call = Call::ordinary(&rig, &changes);
    for providers in [json!([]), json!([THIRD])] {
        rig.put_merchant_as(SUB, json!({ "providers": providers })).await;
        call.is_refused(code, text).await;
    }
    // To be one's own sub-merchant takes an admission, too.
    Call::ordinary(&rig, &[("sub_mch_id", MERCHANT), ("msgappid", APP)]).is_refused(code, text).await;
    rig.put_merchant_as(SUB, json!({ "providers": [THIRD, MERCHANT] })).await;
    sub_merchant_pays(&rig, &changes).await;
}

pub(super) async fn who_is_charged_must_have_admitted_the_provider(code: &Code) {
    let rig = provider().await;
    let text = "主、子商户号关系校验失败";
    let changes = [("sub_mch_id", SUB), ("msgappid", APP), ("consume_mch_id", THIRD)];
    let call = Call::ordinary(&rig, &changes);
    call.is_refused(code, text).await;
    rig.put_merchant_as(THIRD, json!({ "keys": [{ "key": KEY }] })).await;
    call.is_refused(code, text).await;
    rig.put_merchant_as(THIRD, json!({ "providers": [MERCHANT] })).await;
    rig.top_up_of(THIRD, "T3", 1000).await;
    assert_eq!(codes(&rig.send(&changes).await), ["SUCCESS"; 3]);
    assert_eq!((rig.funds_of(THIRD).await, rig.funds_of(SUB).await, books(&rig).await), (0, 5000, (5000, 1)));
}
