//! `sendgroupredpack`: what is answered, and where does the money go?

use hongbao_wire::endpoint::{GETHBINFO, SENDGROUPREDPACK};
use serde_json::json;

use crate::rig::{
    APP, BILL_NO, DAY_MS, MERCHANT, NOON, OPENID, OTHER_OPENID, Rig, codes, element, envelope, is_signed, number, text,
    xml,
};

use crate::traces::open;

const HOUR_MS: i64 = DAY_MS / 24;

/// What `gethbinfo` says of the sample's packet up to its time.
fn known(packet: &str, status: &str) -> String {
    [
        envelope("SUCCESS", "SUCCESS", "OK"),
        text("mch_billno", BILL_NO),
        text("mch_id", MERCHANT),
        text("detail_id", packet),
        text("status", status),
        text("send_type", "API"),
        text("hb_type", "GROUP"),
        number("total_num", "3"),
        number("total_amount", "1000"),
    ]
    .concat()
}

#[tokio::test]
async fn a_group_packet_is_answered_in_the_order_of_the_wire_with_a_signature_in_compatible_mode() {
    let rig = Rig::start().await;
    let reply = rig.call(&SENDGROUPREDPACK, &[]).await;
    let packet = element(&reply, "send_listid");
    let fields = [
        envelope("SUCCESS", "SUCCESS", "发放成功"),
        text("mch_billno", BILL_NO),
        text("mch_id", MERCHANT),
        text("wxappid", APP),
        text("re_openid", OPENID),
        number("total_amount", "1000"),
        text("send_listid", packet),
    ]
    .concat();
    assert_eq!(reply, xml([fields.clone(), text("sign", element(&reply, "sign"))]));
    assert!(is_signed(&reply));
    assert_eq!(rig.call(&SENDGROUPREDPACK, &[("nonce_str", "another")]).await, reply, "the same call, the same answer");

    rig.put_merchant(json!({ "mode": "strict" })).await;
    assert_eq!(rig.call(&SENDGROUPREDPACK, &[]).await, xml([fields]));
    assert_eq!(rig.funds().await, 4000);
    rig.assert_books(1).await;
}

#[tokio::test]
async fn what_nobody_opened_of_a_group_packet_goes_back_after_a_day() {
    let rig = Rig::start().await;
    let reply = rig.call(&SENDGROUPREDPACK, &[]).await;
    let packet = element(&reply, "send_listid");
    let send_time = text("send_time", "2014-11-11 12:00:00");
    assert_eq!(rig.call(&GETHBINFO, &[]).await, xml([known(packet, "SENT"), send_time.clone()]));
    rig.clock.set(NOON.plus_millis(DAY_MS - 1));
    assert_eq!(rig.expire().await, (0, 0));
    assert_eq!(rig.call(&GETHBINFO, &[]).await, xml([known(packet, "SENT"), send_time.clone()]));
    rig.clock.advance(1);
    assert_eq!(rig.call(&GETHBINFO, &[]).await, xml([known(packet, "RFUND_ING"), send_time.clone()]));
    assert_eq!((rig.funds().await, rig.expire().await, rig.expire().await), (4000, (1, 0), (0, 0)));
    let refund = [text("refund_time", "2014-11-12 12:00:00"), number("refund_amount", "1000")].concat();
    assert_eq!(rig.call(&GETHBINFO, &[]).await, xml([known(packet, "REFUND"), send_time, refund]));
    assert_eq!(rig.funds().await, 5000);
    assert_eq!(rig.call(&SENDGROUPREDPACK, &[]).await, reply, "the number's answer stays");
    rig.assert_books(1).await;
}

/// Chosen: a packet that was opened in part is `RECEIVED` until its time is over, and `REFUND` when the rest is back.
#[tokio::test]
async fn what_is_left_of_a_group_packet_goes_back_and_the_shares_stay() {
    let rig = Rig::start().await;
    let reply = rig.call(&SENDGROUPREDPACK, &[]).await;
    let packet = element(&reply, "send_listid");
    open(&rig, &[("2014-11-11 12:00:05", OPENID, 600), ("2014-11-11 12:01:00", OTHER_OPENID, 150)]).await;
    let send_time = text("send_time", "2014-11-11 12:00:00");
    let share = |openid, fen, time| {
        let info = [text("openid", openid), number("amount", fen), text("rcv_time", time)].concat();
        format!("<hbinfo>\n{info}</hbinfo>\n")
    };
    let list = format!(
        "<hblist>\n{}{}</hblist>\n",
        share(OTHER_OPENID, "150", "2014-11-11 12:01:00"),
        share(OPENID, "600", "2014-11-11 12:00:05")
    );
    let asked = async || rig.call(&GETHBINFO, &[]).await;
    assert_eq!(asked().await, xml([known(packet, "RECEIVED"), send_time.clone(), list.clone()]));
    rig.clock.set(NOON.plus_millis(DAY_MS));
    assert_eq!(asked().await, xml([known(packet, "RFUND_ING"), send_time.clone(), list.clone()]));
    assert_eq!((rig.funds().await, rig.expire().await), (4000, (1, 0)));
    let refund = [text("refund_time", "2014-11-12 12:00:00"), number("refund_amount", "250")].concat();
    assert_eq!(asked().await, xml([known(packet, "REFUND"), send_time, refund, list]));
    assert_eq!((rig.funds().await, rig.wallet(OPENID).await, rig.wallet(OTHER_OPENID).await), (4250, 600, 150));
    assert_eq!(rig.call(&SENDGROUPREDPACK, &[]).await, reply, "the number's answer stays");
    rig.assert_books(1).await;
}

#[tokio::test]
async fn a_merchants_packets_expire_after_its_own_time() {
    let rig = Rig::start().await;
    rig.put_merchant(json!({ "limits": { "expires_after_hours": 2 } })).await;
    rig.call(&SENDGROUPREDPACK, &[]).await;
    rig.clock.advance(2 * HOUR_MS - 1);
    assert_eq!((element(&rig.query(BILL_NO).await, "status"), rig.expire().await), ("SENT", (0, 0)));
    rig.clock.advance(1);
    assert_eq!((element(&rig.query(BILL_NO).await, "status"), rig.expire().await), ("RFUND_ING", (1, 0)));
    assert_eq!(element(&rig.query(BILL_NO).await, "refund_time"), "2014-11-11 14:00:00");
    assert_eq!(rig.funds().await, 5000);
    rig.assert_books(1).await;
}

#[tokio::test]
async fn a_group_packet_that_landed_says_why_is_completed_or_fails() {
    let rig = Rig::start().await;
    let reason = "帐号余额不足，请到商户平台充值后再重试";
    for number in ["completed", "left"] {
        let changes = [("mch_billno", number), ("total_amount", "6000")];
        assert_eq!(codes(&rig.call(&SENDGROUPREDPACK, &changes).await), ["SUCCESS", "FAIL", "NOTENOUGH"]);
        let reply = rig.query(number).await;
        assert_eq!((element(&reply, "status"), element(&reply, "reason")), ("SENDING", reason));
        assert_eq!((element(&reply, "hb_type"), element(&reply, "total_num")), ("GROUP", "3"));
    }
    rig.top_up("T2", 1000).await;
    let changes = [("mch_billno", "completed"), ("total_amount", "6000")];
    assert_eq!(codes(&rig.call(&SENDGROUPREDPACK, &changes).await), ["SUCCESS"; 3]);
    assert_eq!(element(&rig.query("completed").await, "status"), "SENT");
    rig.clock.advance(DAY_MS);
    assert_eq!(rig.expire().await, (1, 1));
    let reply = rig.query("left").await;
    assert_eq!((element(&reply, "status"), element(&reply, "reason")), ("FAILED", reason));
    assert_eq!(element(&rig.query("completed").await, "status"), "REFUND");
    assert_eq!(rig.funds().await, 6000);
    rig.assert_books(2).await;
}

#[tokio::test]
async fn a_used_number_is_not_for_another_number_of_shares() {
    let rig = Rig::start().await;
    rig.call(&SENDGROUPREDPACK, &[]).await;
    let reply = rig.call(&SENDGROUPREDPACK, &[("total_num", "4")]).await;
    assert_eq!(codes(&reply), ["SUCCESS", "FAIL", "FATAL_ERROR"]);
    assert_eq!(element(&reply, "err_code_des"), "重复请求时，参数与原单不一致");
    rig.assert_books(1).await;
}

#[tokio::test]
async fn fewer_than_three_shares_and_other_ways_of_making_them_are_refused() {
    let rig = Rig::start().await;
    for (field, value, words) in [
        ("total_num", "2", "参数错误:total_num必须大于等于3."),
        ("amt_type", "", "参数错误:amt_type字段必填,固定值为ALL_RAND."),
        ("amt_type", "ALL_SAME", "参数错误:amt_type字段必填,固定值为ALL_RAND."),
    ] {
        let reply = rig.call(&SENDGROUPREDPACK, &[(field, value)]).await;
        assert_eq!(codes(&reply), ["SUCCESS", "FAIL", "PARAM_ERROR"]);
        assert_eq!((element(&reply, "return_msg"), element(&reply, "err_code_des")), (words, words));
        assert_eq!(reply.contains("<total_num>"), field == "total_num", "{reply}");
    }
    rig.assert_books(0).await;
}
