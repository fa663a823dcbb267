//! `sendminiprogramhb`: what does a mini program get to open a packet with?

use hongbao_wire::endpoint::SENDMINIPROGRAMHB;
use serde_json::json;

use crate::rig::{
    APP, BILL_NO, DAY_MS, MERCHANT, NOON, OPENID, Rig, codes, element, envelope, is_signed, number, text, xml,
};

#[tokio::test]
async fn a_mini_programs_packet_is_answered_with_what_opens_it_and_never_signed() {
    let rig = Rig::start().await;
    let reply = rig.call(&SENDMINIPROGRAMHB, &[]).await;
    let (packet, package) = (element(&reply, "send_listid"), element(&reply, "package"));
    let expected = xml([
        envelope("SUCCESS", "SUCCESS", "发放成功"),
        text("mch_billno", BILL_NO),
        text("mch_id", MERCHANT),
        text("wxappid", APP),
        text("re_openid", OPENID),
        number("total_amount", "1000"),
        text("send_listid", packet),
        text("package", package),
    ]);
    assert_eq!(reply, expected);
    assert!(!is_signed(&reply));
    assert_eq!(rig.call(&SENDMINIPROGRAMHB, &[("nonce_str", "another")]).await, expected, "the same package again");
    rig.put_merchant(json!({ "mode": "strict" })).await;
    assert_eq!(rig.call(&SENDMINIPROGRAMHB, &[]).await, expected);
    let parts: Vec<(&str, usize)> =
        package.split('&').filter_map(|part| part.split_once('=')).map(|(name, value)| (name, value.len())).collect();
    assert_eq!(parts, [("sendid", 64), ("ver", 1), ("sign", 128), ("mchid", 8), ("spid", 8)]);
    assert!(package.ends_with("&spid=10000098"), "{package}");
    assert_eq!(rig.funds().await, 4000);
    rig.assert_books(1).await;
}

#[tokio::test]
async fn two_packets_have_two_packages() {
    let rig = Rig::start().await;
    let [one, two] = [
        rig.call(&SENDMINIPROGRAMHB, &[("mch_billno", "one")]).await,
        rig.call(&SENDMINIPROGRAMHB, &[("mch_billno", "two")]).await,
    ];
    assert_ne!(element(&one, "package"), element(&two, "package"));
    rig.assert_books(2).await;
}

#[tokio::test]
async fn another_way_to_notify_is_taken_in_compatible_mode_only() {
    let rig = Rig::start().await;
    let changes = [("notify_way", "JSAPI")];
    assert_eq!(codes(&rig.call(&SENDMINIPROGRAMHB, &changes).await), ["SUCCESS"; 3]);
    rig.put_merchant(json!({ "mode": "strict" })).await;
    let words = "参数错误:notify_way字段必填,固定值为MINI_PROGRAM_JSAPI.";
    for changes in [changes, [("notify_way", "")]] {
        let reply = rig.call(&SENDMINIPROGRAMHB, &changes).await;
        assert_eq!(codes(&reply), ["SUCCESS", "FAIL", "PARAM_ERROR"]);
        assert_eq!((element(&reply, "return_msg"), element(&reply, "err_code_des")), (words, words));
    }
    assert_eq!(codes(&rig.call(&SENDMINIPROGRAMHB, &[]).await), ["SUCCESS"; 3]);
    rig.assert_books(1).await;
}

#[tokio::test]
async fn a_mini_programs_packet_is_asked_for_like_any_other_and_goes_back_after_a_day() {
    let rig = Rig::start().await;
    assert_eq!(
        codes(&rig.call(&SENDMINIPROGRAMHB, &[("total_amount", "5001")]).await),
        ["SUCCESS", "FAIL", "NOTENOUGH"]
    );
    let reply = rig.query(BILL_NO).await;
    assert_eq!(
        (element(&reply, "status"), element(&reply, "reason")),
        ("SENDING", "帐号余额不足，请到商户平台充值后再重试")
    );
    rig.top_up("T2", 1).await;
    assert_eq!(codes(&rig.call(&SENDMINIPROGRAMHB, &[("total_amount", "5001")]).await), ["SUCCESS"; 3]);
    let reply = rig.query(BILL_NO).await;
    assert_eq!(
        ["status", "hb_type", "total_num", "total_amount"].map(|name| element(&reply, name)),
        ["SENT", "NORMAL", "1", "5001"]
    );
    rig.clock.set(NOON.plus_millis(DAY_MS));
    assert_eq!((element(&rig.query(BILL_NO).await, "status"), rig.expire().await), ("RFUND_ING", (1, 0)));
    let reply = rig.query(BILL_NO).await;
    assert_eq!((element(&reply, "status"), element(&reply, "refund_amount")), ("REFUND", "5001"));
    assert_eq!(rig.funds().await, 5001);
    rig.assert_books(1).await;
}
