//! What has become of a number?

use hongbao_wire::endpoint::{SENDMINIPROGRAMHB, SENDWORKWXREDPACK};
use serde_json::json;

use super::{Call, Code, books};
use crate::rig::{BILL_NO, DAY_MS, MERCHANT, NOON, OPENID, OTHER_OPENID, Rig, codes, element};

pub(super) async fn a_number_that_landed_and_was_left_alone_has_failed(code: &Code) {
    let rig = Rig::start().await;
    let changes = [("total_amount", "6000")];
    let call = Call::ordinary(&rig, &changes);
    assert_eq!(codes(&call.make().await), ["SUCCESS", "FAIL", "NOTENOUGH"]);
    rig.top_up("T2", 1000).await;
    rig.clock.set(NOON.plus_millis(DAY_MS));
    for has_expired in [false, true] {
        call.is_refused(code, "该订单已经过期,请更换商户单号").await;
        let reply = call.query().await;
        assert_eq!(element(&reply, "status"), "FAILED");
        assert_eq!(element(&reply, "reason"), "帐号余额不足，请到商户平台充值后再重试");
        if !has_expired {
            assert_eq!(rig.expire().await, (0, 1));
        }
    }
    // The one code that permits a new number.
    Call::ordinary(&rig, &[("total_amount", "6000"), ("mch_billno", "anew")]).goes_through().await;
}

pub(super) async fn a_used_number_is_not_for_another_person(code: &Code) {
    let rig = Rig::start().await;
    is_fatal(code, &rig, &Call::ordinary(&rig, &[("re_openid", OTHER_OPENID)]), "更换了openid，但商户单号未更新").await;
}

pub(super) async fn a_used_number_is_not_for_another_amount(code: &Code) {
    let rig = Rig::start().await;
    is_fatal(code, &rig, &Call::ordinary(&rig, &[("total_amount", "1001")]), "更换了金额，但商户单号未更新").await;
}

pub(super) async fn a_used_number_is_not_for_another_endpoint(code: &Code) {
    let rig = Rig::start().await;
    let other = Call { rig: &rig, endpoint: &SENDMINIPROGRAMHB, changes: &[] };
    is_fatal(code, &rig, &other, "重复请求时，参数与原单不一致").await;
    rig.put_corporation().await;
    let changes = [("mch_billno", "another")];
    Call { rig: &rig, endpoint: &SENDMINIPROGRAMHB, changes: &changes }.goes_through().await;
    let other = Call { rig: &rig, endpoint: &SENDWORKWXREDPACK, changes: &changes };
    other.is_refused(code, "重复请求时，参数与原单不一致").await;
}

/// The first call stands, whatever comes with its number later.
async fn is_fatal(code: &Code, rig: &Rig, changed: &Call<'_>, text: &str) {
    let first = Call::ordinary(rig, &[]);
    first.goes_through().await;
    let (sent, known) = (first.make().await, first.query().await);
    changed.is_refused(code, text).await;
    assert_eq!((first.make().await, first.query().await), (sent, known));
    assert_eq!(books(rig).await, (4000, 1));
}

pub(super) async fn a_packet_that_the_funds_do_not_cover_lands(code: &Code) {
    let rig = Rig::start().await;
    let changes = [("total_amount", "5001")];
    let call = Call::ordinary(&rig, &changes);
    call.lands(code, "帐号余额不足，请到商户平台充值后再重试").await;
    rig.top_up("T2", 1).await;
    call.is_completed().await;
    assert_eq!(rig.funds().await, 0);
}

pub(super) async fn a_frozen_merchant_pays_nothing(code: &Code) {
    let rig = Rig::start().await;
    let call = Call::ordinary(&rig, &[]);
    rig.put_merchant(json!({ "frozen": true })).await;
    call.lands(code, "商户号状态异常").await;
    rig.put_merchant(json!({ "frozen": false })).await;
    call.is_completed().await;
}

pub(super) async fn a_number_that_was_never_used_is_not_found(code: &Code) {
    let rig = Rig::start().await;
    code.is_in(&rig.query(BILL_NO).await, "指定单号数据不存在");
    // The sample of 2015 has another code, and the same words.
    rig.put_merchant(json!({ "generation": "G1" })).await;
    let expected = format!(
        "<xml>\n\
         <return_code><![CDATA[FAIL]]></return_code>\n\
         <return_msg><![CDATA[指定单号数据不存在]]></return_msg>\n\
         <result_code><![CDATA[FAIL]]></result_code>\n\
         <err_code><![CDATA[SYSTEMERROR]]></err_code>\n\
         <err_code_des><![CDATA[指定单号数据不存在]]></err_code_des>\n\
         <mch_billno><![CDATA[{BILL_NO}]]></mch_billno>\n\
         <mch_id>{MERCHANT}</mch_id>\n\
         </xml>"
    );
    assert_eq!(rig.query(BILL_NO).await, expected);
    Call::ordinary(&rig, &[("re_openid", OPENID)]).goes_through().await;
}
