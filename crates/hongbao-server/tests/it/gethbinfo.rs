//! `/mmpaymkttransfers/gethbinfo`, in each state a packet can be in.

use serde_json::Value;

use crate::rig::{BILL_NO, DAY_MS, MERCHANT, NOON, OPENID, Rig, codes, element};

async fn status(rig: &Rig) -> String {
    element(&rig.query(BILL_NO).await, "status").to_owned()
}

#[tokio::test]
async fn a_packet_goes_from_sent_over_refunding_to_refunded() {
    let rig = Rig::start().await;
    let reply = rig.query(BILL_NO).await;
    let expected = format!(
        "<xml>\n\
         <return_code><![CDATA[SUCCESS]]></return_code>\n\
         <return_msg><![CDATA[指定单号数据不存在]]></return_msg>\n\
         <result_code><![CDATA[FAIL]]></result_code>\n\
         <err_code><![CDATA[NOT_FOUND]]></err_code>\n\
         <err_code_des><![CDATA[指定单号数据不存在]]></err_code_des>\n\
         <mch_billno><![CDATA[{BILL_NO}]]></mch_billno>\n\
         <mch_id><![CDATA[{MERCHANT}]]></mch_id>\n\
         </xml>"
    );
    assert_eq!(reply, expected);

    let sent = rig.send(&[]).await;
    let packet = element(&sent, "send_listid");
    let until_send_time = |status: &str| {
        format!(
            "<xml>\n\
             <return_code><![CDATA[SUCCESS]]></return_code>\n\
             <return_msg><![CDATA[OK]]></return_msg>\n\
             <result_code><![CDATA[SUCCESS]]></result_code>\n\
             <err_code><![CDATA[SUCCESS]]></err_code>\n\
             <err_code_des><![CDATA[OK]]></err_code_des>\n\
             <mch_billno><![CDATA[{BILL_NO}]]></mch_billno>\n\
             <mch_id><![CDATA[{MERCHANT}]]></mch_id>\n\
             <detail_id><![CDATA[{packet}]]></detail_id>\n\
             <status><![CDATA[{status}]]></status>\n\
             <send_type><![CDATA[API]]></send_type>\n\
             <hb_type><![CDATA[NORMAL]]></hb_type>\n\
             <total_num>1</total_num>\n\
             <total_amount>1000</total_amount>\n\
             <send_time><![CDATA[2014-11-11 12:00:00]]></send_time>\n"
        )
    };
    assert_eq!(rig.query(BILL_NO).await, until_send_time("SENT") + "</xml>");
    rig.clock.set(NOON.plus_millis(DAY_MS - 1));
    assert_eq!(status(&rig).await, "SENT");
    rig.clock.advance(1);
    assert_eq!(rig.query(BILL_NO).await, until_send_time("RFUND_ING") + "</xml>");
    assert_eq!(rig.funds().await, 4000);
    let (_, done) = rig.admin("POST", "/admin/expire", None).await;
    assert_eq!(done, serde_json::json!({ "refunded": 1, "failed": 0 }));
    let refunded = "<refund_time><![CDATA[2014-11-12 12:00:00]]></refund_time>\n<refund_amount>1000</refund_amount>\n";
    assert_eq!(rig.query(BILL_NO).await, until_send_time("REFUND") + refunded + "</xml>");
    assert_eq!(rig.funds().await, 5000);
    assert_eq!(codes(&rig.send(&[]).await), ["SUCCESS"; 3], "the number's answer stays");
    rig.assert_books(1).await;
}

#[tokio::test]
async fn a_packet_that_was_opened_says_by_whom() {
    let rig = Rig::start().await;
    let sent = rig.send(&[]).await;
    let (_, share) = rig.claim(element(&sent, "send_listid"), OPENID).await;
    assert_eq!(share["amount_fen"], Value::from(1000));
    let reply = rig.query(BILL_NO).await;
    assert_eq!(element(&reply, "status"), "RECEIVED");
    let list = format!(
        "<hblist>\n<hbinfo>\n<openid><![CDATA[{OPENID}]]></openid>\n<amount>1000</amount>\n\
         <rcv_time><![CDATA[2014-11-11 12:00:00]]></rcv_time>\n</hbinfo>\n</hblist>\n</xml>"
    );
    assert!(reply.ends_with(&list), "{reply}");
    rig.clock.advance(DAY_MS);
    rig.admin("POST", "/admin/expire", None).await;
    assert_eq!(status(&rig).await, "RECEIVED", "it has nothing to give back");
}

#[tokio::test]
async fn a_packet_that_landed_says_why_and_fails_when_its_time_is_over() {
    let rig = Rig::start().await;
    rig.send(&[("total_amount", "6000")]).await;
    let reply = rig.query(BILL_NO).await;
    assert_eq!(element(&reply, "status"), "SENDING");
    assert_eq!(element(&reply, "reason"), "帐号余额不足，请到商户平台充值后再重试");
    assert_eq!(element(&reply, "total_amount"), "6000");
    rig.clock.advance(DAY_MS);
    assert_eq!(status(&rig).await, "FAILED", "the job has not run");
    let (_, done) = rig.admin("POST", "/admin/expire", None).await;
    assert_eq!(done, serde_json::json!({ "refunded": 0, "failed": 1 }));
    assert_eq!(status(&rig).await, "FAILED");
    rig.top_up("T2", 1000).await;
    let reply = rig.send(&[("total_amount", "6000")]).await;
    assert_eq!(codes(&reply), ["SUCCESS", "FAIL", "SEND_FAILED"]);
    assert_eq!(element(&reply, "err_code_des"), "该订单已经过期,请更换商户单号");
    rig.assert_books(1).await;
}

#[tokio::test]
async fn a_packet_can_be_asked_for_during_thirty_days() {
    let rig = Rig::start().await;
    rig.send(&[]).await;
    rig.clock.set(NOON.plus_millis(30 * DAY_MS));
    assert_eq!(codes(&rig.query(BILL_NO).await), ["SUCCESS"; 3]);
    rig.clock.advance(1);
    assert_eq!(codes(&rig.query(BILL_NO).await), ["SUCCESS", "FAIL", "NOT_FOUND"]);
}

#[tokio::test]
async fn a_query_is_judged_like_a_send() {
    let rig = Rig::start().await;
    rig.send(&[]).await;
    let path = "/mmpaymkttransfers/gethbinfo";
    let wrong_type = crate::rig::with(&crate::rig::query_sample(), &[("bill_type", "OTHER")]);
    let reply = rig.post(path, crate::rig::signed(crate::rig::KEY, &wrong_type)).await;
    assert_eq!(element(&reply, "err_code"), "PARAM_ERROR");
    let other_key = "0123456789abcdef0123456789abcdef";
    let reply = rig.post(path, crate::rig::signed(other_key, &crate::rig::query_sample())).await;
    assert_eq!(element(&reply, "err_code"), "SIGN_ERROR");
    assert!(!reply.contains("detail_id"), "{reply}");
}
