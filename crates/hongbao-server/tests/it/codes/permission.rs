//! Who may not send, to whom, through what?

use hongbao_wire::endpoint::SENDWORKWXREDPACK;
use serde_json::json;

use super::{Call, Code};
use crate::rig::{APP, CORPORATION, OPENID, OTHER_OPENID, Rig};

const NOT_OPEN: &str =
    "你的商户号未开通该产品权限，请联系管理员到产品中心开通。开通路径：产品中心-产品大全-现金红包-申请开通";

pub(super) async fn an_address_that_is_not_on_the_list_is_refused(code: &Code) {
    let rig = Rig::start().await;
    let call = Call::ordinary(&rig, &[]);
    rig.put_merchant(json!({ "allowed_addresses": ["192.168.0.1", "::1"] })).await;
    call.is_refused(code, "IP地址非你在商户平台设置的可用IP地址").await;
    code.is_in(&call.query().await, "IP地址非你在商户平台设置的可用IP地址");
    rig.put_merchant(json!({ "allowed_addresses": ["192.168.0.1", "127.0.0.1"] })).await;
    call.goes_through().await;
}

pub(super) async fn nothing_goes_to_a_blocked_person(code: &Code) {
    let rig = Rig::start().await;
    let person = format!("/admin/apps/{APP}/openids/{OPENID}");
    rig.put(&person, &json!({ "blocked": true })).await;
    assert_eq!(rig.get(&person).await.1, json!({ "blocked": true }));
    let call = Call::ordinary(&rig, &[]);
    call.lands(code, "发放失败，此请求可能存在风险，已被微信拦截").await;
    Call::ordinary(&rig, &[("mch_billno", "another"), ("re_openid", OTHER_OPENID)]).goes_through().await;
    rig.put(&person, &json!({ "blocked": false })).await;
    call.is_completed().await;
}

pub(super) async fn a_product_that_is_not_open_is_no_permission_in_2014(code: &Code) {
    let rig = Rig::start().await;
    let call = Call::ordinary(&rig, &[]);
    rig.put_merchant(json!({ "generation": "G1", "products": ["group"] })).await;
    call.is_refused_in_2014(code, "无权限").await;
    rig.put_merchant(json!({ "generation": "G1" })).await;
    call.goes_through().await;
}

pub(super) async fn a_merchant_of_2014_who_closed_sending_has_no_permission(code: &Code) {
    let rig = Rig::start().await;
    let call = Call::ordinary(&rig, &[]);
    rig.put_merchant(json!({ "generation": "G1", "closed": true })).await;
    call.is_refused_in_2014(code, "无权限").await;
    rig.put_merchant(json!({ "generation": "G1" })).await;
    call.goes_through().await;
}

pub(super) async fn a_product_that_is_not_open_is_refused(code: &Code) {
    let rig = Rig::start().await;
    let call = Call::ordinary(&rig, &[]);
    rig.put_merchant(json!({ "products": ["group", "mini_program"] })).await;
    call.is_refused(code, NOT_OPEN).await;
    rig.put_merchant(json!({ "products": ["ordinary"] })).await;
    call.goes_through().await;
}

pub(super) async fn a_merchant_who_entered_less_than_ninety_days_ago_is_refused(code: &Code) {
    let rig = Rig::start().await;
    rig.put_merchant(json!({ "entered_at": "2014-11-11T12:00:00+08:00" })).await;
    is_refused_until(&rig, code, "2015-02-09T11:59:59.999+08:00", "2015-02-09T12:00:00+08:00").await;
}

pub(super) async fn a_merchant_who_has_traded_for_less_than_thirty_days_is_refused(code: &Code) {
    let rig = Rig::start().await;
    rig.put_merchant(json!({ "trading_since": "2014-11-11T12:00:00+08:00" })).await;
    is_refused_until(&rig, code, "2014-12-11T11:59:59.999+08:00", "2014-12-11T12:00:00+08:00").await;
}

/// Refused now and at `last`, and no more at `then`, by the sandbox's clock.
async fn is_refused_until(rig: &Rig, code: &Code, last: &str, then: &str) {
    let call = Call::ordinary(rig, &[]);
    call.is_refused(code, NOT_OPEN).await;
    assert_eq!(rig.put("/admin/clock", &json!({ "to": last })).await.0, 200);
    call.is_refused(code, NOT_OPEN).await;
    assert_eq!(rig.put("/admin/clock", &json!({ "to": then })).await.0, 200);
    call.goes_through().await;
}

pub(super) async fn a_mobile_apps_people_get_nothing(code: &Code) {
    let rig = Rig::start().await;
    let call = Call::ordinary(&rig, &[]);
    rig.put_app(APP, json!({ "kind": "mobile_app" })).await;
    call.is_refused(code, "非法appid,请使用公众号的appid").await;
    rig.put_app(APP, json!({ "kind": "official_account" })).await;
    call.goes_through().await;
}

pub(super) async fn a_merchant_who_closed_sending_is_refused(code: &Code) {
    let rig = Rig::start().await;
    let call = Call::ordinary(&rig, &[]);
    let words = "你的商户号API发放方式已关闭，请联系管理员在商户平台开启";
    rig.put_merchant(json!({ "closed": true })).await;
    call.is_refused(code, words).await;
    // Before that code there was another, for everything that is not allowed; the words stay.
    rig.put_merchant(json!({ "closed": true, "generation": "G2a" })).await;
    let reply = call.make().await;
    assert_eq!(
        (crate::rig::element(&reply, "err_code"), crate::rig::element(&reply, "err_code_des")),
        ("NO_AUTH", words)
    );
    rig.put_merchant(json!({ "closed": false })).await;
    call.goes_through().await;
}

pub(super) async fn an_app_may_know_registered_people_only(code: &Code) {
    let rig = Rig::start().await;
    let call = Call::ordinary(&rig, &[]);
    rig.put_app(APP, json!({ "registered_only": true })).await;
    call.is_refused(code, "openid和appid不匹配").await;
    rig.put(&format!("/admin/apps/{APP}/openids/{OTHER_OPENID}"), &json!({})).await;
    call.is_refused(code, "openid和appid不匹配").await;
    rig.put(&format!("/admin/apps/{APP}/openids/{OPENID}"), &json!({})).await;
    call.goes_through().await;
}

pub(super) async fn an_app_must_be_the_merchants(code: &Code) {
    let rig = Rig::start().await;
    let call = Call::ordinary(&rig, &[]);
    rig.put_app(APP, json!({ "merchants": ["10000097"] })).await;
    call.is_refused(code, "参数错误:商户号和wxappid不匹配.").await;
    rig.put_app(APP, json!({})).await;
    call.goes_through().await;
    Call::ordinary(&rig, &[("mch_billno", "another"), ("wxappid", "wx2421b1c4370ec43b")])
        .is_refused(code, "参数错误:商户号和wxappid不匹配.")
        .await;
}

pub(super) async fn a_merchant_is_not_open_in_workwx(code: &Code) {
    let rig = Rig::start().await;
    rig.put_corporation().await;
    let call = Call { rig: &rig, endpoint: &SENDWORKWXREDPACK, changes: &[] };
    rig.put_merchant(json!({ "products": ["ordinary"] })).await;
    call.is_refused(code, "商户号错误").await;
    rig.put_merchant(json!({ "products": ["workwx"] })).await;
    call.goes_through().await;
}

pub(super) async fn a_corporation_without_a_secret_sends_nothing(code: &Code) {
    let rig = Rig::start().await;
    rig.put_app(CORPORATION, json!({ "kind": "corporation" })).await;
    let call = Call { rig: &rig, endpoint: &SENDWORKWXREDPACK, changes: &[] };
    call.is_refused(code, "商户号错误").await;
    rig.put_corporation().await;
    call.goes_through().await;
}

pub(super) async fn a_corporation_must_be_the_merchants(code: &Code) {
    let rig = Rig::start().await;
    rig.put_corporation().await;
    let call = Call { rig: &rig, endpoint: &SENDWORKWXREDPACK, changes: &[] };
    rig.put_app(CORPORATION, json!({ "kind": "corporation", "merchants": [] })).await;
    call.is_refused(code, "商户号与企业不匹配").await;
    rig.put_corporation().await;
    call.goes_through().await;
}
