//! `transfers`, `gettransferinfo`: is the money there at once, and what if not?

use hongbao_store::{ClaimRange, Store};
use hongbao_wire::endpoint::{GETTRANSFERINFO, TRANSFERS};
use serde_json::json;

use crate::rig::{
    APP, BILL_NO, DAY_MS, MERCHANT, NOON, OPENID, OTHER_OPENID, Rig, codes, element, envelope, is_signed, number, text,
    xml,
};

const NONCE: &str = "5K8264ILTKCH16CQ2502SI8ZNMTM67VS";
const SHORT_OF_FUNDS: &str = "帐号余额不足，请到商户平台充值后再重试";

fn refused(code: &str, words: &str) -> String {
    xml([
        text("return_code", "SUCCESS"),
        text("return_msg", "支付失败"),
        text("result_code", "FAIL"),
        text("err_code", code),
        text("err_code_des", words),
    ])
}

fn known(payment: &str, status: &str, amount: &str, reason: &str, paid_at: &str) -> String {
    let maybe = |name, value: &str| if value.is_empty() { String::new() } else { text(name, value) };
    xml([
        envelope("SUCCESS", "SUCCESS", "OK"),
        text("partner_trade_no", BILL_NO),
        text("appid", APP),
        text("mch_id", MERCHANT),
        text("detail_id", payment),
        text("status", status),
        maybe("reason", reason),
        text("openid", OPENID),
        text("transfer_name", "王小王"),
        number("payment_amount", amount),
        text("transfer_time", "2014-11-11 12:00:00"),
        maybe("payment_time", paid_at),
        text("desc", "理赔"),
    ])
}

#[tokio::test]
async fn a_transfer_is_in_the_wallet_at_once() {
    let rig = Rig::start().await;
    let reply = rig.call(&TRANSFERS, &[]).await;
    let payment = element(&reply, "payment_no");
    let expected = |device: String| {
        xml([
            text("return_code", "SUCCESS"),
            text("return_msg", ""),
            text("mch_appid", APP),
            text("mchid", MERCHANT),
            device,
            text("nonce_str", NONCE),
            text("result_code", "SUCCESS"),
            text("partner_trade_no", BILL_NO),
            text("payment_no", payment),
            text("payment_time", "2014-11-11 12:00:00"),
        ])
    };
    assert_eq!(reply, expected(String::new()));
    assert_eq!((rig.funds().await, rig.wallet(OPENID).await), (4000, 1000));
    let known = known(payment, "SUCCESS", "1000", "", "2014-11-11 12:00:00");
    assert_eq!(rig.call(&GETTRANSFERINFO, &[]).await, known);

    // The same call, later: the same answer, and what the request says is repeated.
    rig.clock.advance(DAY_MS);
    let device = text("device_info", "013467007045764");
    assert_eq!(rig.call(&TRANSFERS, &[("device_info", "013467007045764")]).await, expected(device));
    assert_eq!(rig.expire().await, (0, 0), "nothing of it ever goes back");
    for mode in ["compatible", "strict"] {
        rig.put_merchant(json!({ "mode": mode })).await;
        assert_eq!(rig.call(&TRANSFERS, &[]).await, expected(String::new()));
        assert_eq!(rig.call(&GETTRANSFERINFO, &[]).await, known);
    }
    assert_eq!((rig.funds().await, rig.wallet(OPENID).await), (4000, 1000));
    rig.assert_books(1).await;
}

#[tokio::test]
async fn a_transfers_number_and_a_packets_are_apart() {
    let rig = Rig::start().await;
    let packet = rig.send(&[]).await;
    assert_eq!(rig.call(&GETTRANSFERINFO, &[]).await, refused_query("NOT_FOUND", "指定单号数据不存在"));
    let transfer = rig.call(&TRANSFERS, &[]).await;
    assert_eq!(element(&transfer, "result_code"), "SUCCESS");
    assert_eq!(element(&rig.query(BILL_NO).await, "detail_id"), element(&packet, "send_listid"));
    assert_eq!(element(&rig.call(&GETTRANSFERINFO, &[]).await, "detail_id"), element(&transfer, "payment_no"));
    assert_eq!((rig.funds().await, rig.wallet(OPENID).await), (3000, 1000));
    // A transfer alone is no packet.
    rig.call(&TRANSFERS, &[("partner_trade_no", "transfer")]).await;
    assert_eq!(codes(&rig.query("transfer").await), ["SUCCESS", "FAIL", "NOT_FOUND"]);
    rig.assert_books(3).await;
}

fn refused_query(code: &str, words: &str) -> String {
    xml([envelope("FAIL", code, words)])
}

#[tokio::test]
async fn a_changed_transfer_is_refused() {
    let rig = Rig::start().await;
    rig.call(&TRANSFERS, &[]).await;
    let reply = rig.call(&TRANSFERS, &[("amount", "1001")]).await;
    assert_eq!(reply, refused("FATAL_ERROR", "更换了金额，但商户单号未更新"));
    let reply = rig.call(&TRANSFERS, &[("openid", OTHER_OPENID)]).await;
    assert_eq!(reply, refused("FATAL_ERROR", "更换了openid，但商户单号未更新"));
    assert_eq!((rig.funds().await, rig.wallet(OPENID).await, rig.wallet(OTHER_OPENID).await), (4000, 1000, 0));
    rig.assert_books(1).await;
}

#[tokio::test]
async fn a_transfer_that_is_not_paid_is_under_way_until_it_is() {
    let rig = Rig::start().await;
    let changes = [("amount", "5001")];
    assert_eq!(rig.call(&TRANSFERS, &changes).await, refused("NOTENOUGH", SHORT_OF_FUNDS));
    let reply = rig.call(&GETTRANSFERINFO, &[]).await;
    let payment = element(&reply, "detail_id");
    assert_eq!(reply, known(payment, "PROCESSING", "5001", SHORT_OF_FUNDS, ""));
    assert_eq!(rig.wallet(OPENID).await, 0);
    rig.top_up("T2", 1).await;
    rig.clock.advance(3_600_000);
    let paid = rig.call(&TRANSFERS, &changes).await;
    assert_eq!((element(&paid, "payment_no"), element(&paid, "payment_time")), (payment, "2014-11-11 13:00:00"));
    let reply = rig.call(&GETTRANSFERINFO, &[]).await;
    assert_eq!(reply, known(payment, "SUCCESS", "5001", "", "2014-11-11 13:00:00"));
    assert_eq!((rig.funds().await, rig.wallet(OPENID).await), (0, 5001));
    rig.assert_books(1).await;
}

#[tokio::test]
async fn a_transfer_that_is_not_paid_in_its_time_has_failed() {
    let rig = Rig::start().await;
    let changes = [("amount", "5001")];
    rig.call(&TRANSFERS, &changes).await;
    rig.clock.set(NOON.plus_millis(DAY_MS - 1));
    assert_eq!(element(&rig.call(&GETTRANSFERINFO, &[]).await, "status"), "PROCESSING");
    rig.clock.advance(1);
    for done in [(0, 1), (0, 0)] {
        let reply = rig.call(&GETTRANSFERINFO, &[]).await;
        assert_eq!(reply, known(element(&reply, "detail_id"), "FAILED", "5001", SHORT_OF_FUNDS, ""));
        assert_eq!(rig.expire().await, done);
    }
    rig.top_up("T2", 1).await;
    let reply = rig.call(&TRANSFERS, &changes).await;
    assert_eq!(codes(&reply), ["SUCCESS", "FAIL", "SEND_FAILED"]);
    assert_eq!(reply, refused("SEND_FAILED", "发送失败，请查单确认付款状态"), "it never says to use another number");
    assert_eq!((rig.funds().await, rig.wallet(OPENID).await), (5001, 0));
    rig.assert_books(1).await;
}

#[tokio::test]
async fn a_body_that_is_no_xml_gets_two_fields_and_nothing_else() {
    let rig = Rig::start().await;
    let expected = xml([text("return_code", "FAIL"), text("return_msg", "XML格式错误")]);
    for endpoint in [&TRANSFERS, &GETTRANSFERINFO] {
        assert_eq!(rig.post(endpoint.path, "amount=1000").await, expected);
    }
    rig.assert_books(0).await;
}

#[tokio::test]
async fn a_name_that_is_to_be_checked_must_be_there() {
    let rig = Rig::start().await;
    let reply = rig.call(&TRANSFERS, &[("re_user_name", "")]).await;
    let words = "参数错误:re_user_name字段在强校验时必填,最长为64个字符.";
    assert_eq!(reply, refused("PARAM_ERROR", words).replace("支付失败", words));
    assert!(!is_signed(&reply));
    let changes = [("check_name", "NO_CHECK"), ("re_user_name", "")];
    assert_eq!(element(&rig.call(&TRANSFERS, &changes).await, "result_code"), "SUCCESS");
    assert!(!rig.call(&GETTRANSFERINFO, &[]).await.contains("transfer_name"));
    rig.assert_books(1).await;
}

#[tokio::test]
async fn a_text_that_no_transfer_has_is_not_kept() {
    let rig = Rig::start().await;
    let foreign = [("wishing", "彩票"), ("act_name", "彩票"), ("send_name", "彩票"), ("remark", "彩票")];
    let reply = rig.call(&TRANSFERS, &foreign).await;
    let packet =
        rig.store.packet(&element(&reply, "payment_no").parse().unwrap(), ClaimRange::NONE).await.unwrap().unwrap();
    let texts = packet.packet.texts;
    assert_eq!((&*texts.greeting, &*texts.activity, &*texts.sender_name, &*texts.remark), ("", "", "", "理赔"));
}
