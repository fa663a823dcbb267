//! `sendworkwxredpack`, `queryworkwxredpack`: what does a corporation get to know?

use hongbao_server::{MaskedWords, PlatformOptions};
use hongbao_wire::endpoint::{QUERYWORKWXREDPACK, SENDWORKWXREDPACK};
use serde_json::json;

use crate::rig::{
    BILL_NO, CORPORATION, DAY_MS, KEY, MERCHANT, NOON, OPENID, Rig, codes, element, fields_of, is_signed, names, text,
    xml,
};

const PICTURE: &str = "1G6nrLmr5EC3MMb_-zK1dDdzmd0p7cNliYu9V5w7o8K0";

async fn rig() -> Rig {
    let rig = Rig::start().await;
    rig.put_corporation().await;
    rig
}

fn ok() -> String {
    [text("return_code", "SUCCESS"), text("return_msg", "ok"), text("result_code", "SUCCESS")].concat()
}

fn refused(code: &str, words: &str) -> String {
    xml([
        text("return_code", "SUCCESS"),
        text("return_msg", words),
        text("result_code", "FAIL"),
        text("err_code", code),
        text("err_code_des", words),
    ])
}

#[tokio::test]
async fn a_corporations_packet_is_answered_all_in_cdata_and_signed_in_compatible_mode() {
    let rig = rig().await;
    let reply = rig.call(&SENDWORKWXREDPACK, &[]).await;
    let fields = [
        ok(),
        text("mch_billno", BILL_NO),
        text("mch_id", MERCHANT),
        text("wxappid", CORPORATION),
        text("re_openid", OPENID),
        text("total_amount", "1000"),
        text("send_listid", element(&reply, "send_listid")),
        text("sender_name", "XX活动"),
        text("sender_header_media_id", PICTURE),
    ]
    .concat();
    assert_eq!(reply, xml([fields.clone(), text("sign", element(&reply, "sign"))]));
    assert!(is_signed(&reply));
    assert_eq!(rig.call(&SENDWORKWXREDPACK, &[("nonce_str", "another")]).await, reply);
    rig.put_merchant(json!({ "mode": "strict" })).await;
    assert_eq!(rig.call(&SENDWORKWXREDPACK, &[]).await, xml([fields]));
    assert_eq!(rig.funds().await, 4000);
    rig.assert_books(1).await;
}

#[tokio::test]
async fn a_packet_is_from_a_name_or_from_an_app_and_never_from_both() {
    let rig = rig().await;
    let words = "参数错误:sender_name和agentid字段必须二选一.";
    for (name, agent) in [("", ""), ("XX活动", "1")] {
        let reply = rig.call(&SENDWORKWXREDPACK, &[("sender_name", name), ("agentid", agent)]).await;
        assert_eq!(reply, refused("PARAM_ERROR", words));
    }
    let from_app = [("sender_name", ""), ("sender_header_media_id", ""), ("agentid", "1000002")];
    let reply = rig.call(&SENDWORKWXREDPACK, &from_app).await;
    let sent = "return_code,return_msg,result_code,mch_billno,mch_id,wxappid,re_openid,total_amount,send_listid,sign";
    assert_eq!(names(&reply).join(","), sent);
    let reply = rig.call(&QUERYWORKWXREDPACK, &[]).await;
    assert!(!reply.contains("sender_name") && !reply.contains("sender_header_media_id"), "{reply}");
    rig.assert_books(1).await;
}

#[tokio::test]
async fn a_corporation_asks_for_its_packet_in_every_state() {
    let rig = rig().await;
    assert_eq!(rig.call(&QUERYWORKWXREDPACK, &[]).await, refused("NOT_FOUND", "指定单号数据不存在"));
    let short = [("total_amount", "5001")];
    let reason = "帐号余额不足，请到商户平台充值后再重试";
    assert_eq!(rig.call(&SENDWORKWXREDPACK, &short).await, refused("NOTENOUGH", reason));
    let known = |packet: &str, status: &str, between: String| {
        [
            ok(),
            text("mch_billno", BILL_NO),
            text("mch_id", MERCHANT),
            text("detail_id", packet),
            text("status", status),
            text("send_type", "API"),
            text("total_amount", "5001"),
            between,
            text("wishing", "感谢您参加猜灯谜活动，祝您元宵节快乐！"),
            text("remark", "猜越多得越多，快来抢！"),
            text("act_name", "猜灯谜抢红包活动"),
            text("openid", OPENID),
        ]
        .concat()
    };
    let sender = [text("sender_name", "XX活动"), text("sender_header_media_id", PICTURE)].concat();
    let send_time = text("send_time", "2014-11-11 12:00:00");
    let asked = async |status: &str, between: String| {
        let reply = rig.call(&QUERYWORKWXREDPACK, &[]).await;
        let known = known(element(&reply, "detail_id"), status, between);
        assert_eq!(reply, xml([known, sender.clone(), text("sign", element(&reply, "sign"))]));
        assert!(is_signed(&reply));
    };
    asked("SENDING", [text("reason", reason), send_time.clone()].concat()).await;
    rig.top_up("T2", 1).await;
    rig.call(&SENDWORKWXREDPACK, &short).await;
    asked("SENT", send_time.clone()).await;
    rig.clock.set(NOON.plus_millis(DAY_MS));
    asked("RFUND_ING", send_time.clone()).await;
    assert_eq!(rig.expire().await, (1, 0));
    let refund = [text("refund_time", "2014-11-12 12:00:00"), text("refund_amount", "5001")].concat();
    asked("REFUND", [send_time.clone(), refund].concat()).await;
    rig.put_merchant(json!({ "mode": "strict" })).await;
    assert!(!is_signed(&rig.call(&QUERYWORKWXREDPACK, &[]).await));
    assert_eq!(rig.funds().await, 5001);
    rig.assert_books(1).await;
}

#[tokio::test]
async fn a_packet_that_was_opened_says_so_without_a_list() {
    let rig = rig().await;
    let sent = rig.call(&SENDWORKWXREDPACK, &[]).await;
    let packet = element(&sent, "send_listid");
    let assertion = rig.assertion(packet, &json!({ "iss": CORPORATION }));
    assert_eq!(rig.claim_with(packet, &assertion).await.1["amount_fen"], 1000);
    let reply = rig.call(&QUERYWORKWXREDPACK, &[]).await;
    assert_eq!(
        ["status", "openid", "amount", "rcv_time"].map(|name| element(&reply, name)),
        ["RECEIVED", OPENID, "1000", "2014-11-11 12:00:00"]
    );
    assert!(reply.contains("<amount><![CDATA[1000]]></amount>") && !reply.contains("hblist"), "{reply}");
    assert!(is_signed(&reply));
    rig.assert_books(1).await;
}

#[tokio::test]
async fn a_corporation_asks_for_its_own_packets_only_and_gethbinfo_for_all() {
    let rig = rig().await;
    rig.send(&[("mch_billno", "ordinary")]).await;
    let reply = rig.call(&QUERYWORKWXREDPACK, &[("mch_billno", "ordinary")]).await;
    assert_eq!(reply, refused("NOT_FOUND", "指定单号数据不存在"));
    let sent = rig.call(&SENDWORKWXREDPACK, &[]).await;
    let reply = rig.query(BILL_NO).await;
    assert_eq!(codes(&reply), ["SUCCESS"; 3]);
    assert_eq!(element(&reply, "detail_id"), element(&sent, "send_listid"));
    rig.assert_books(2).await;
}

#[tokio::test]
async fn a_packet_that_failed_says_why() {
    let rig = rig().await;
    rig.call(&SENDWORKWXREDPACK, &[("total_amount", "5001")]).await;
    rig.clock.set(NOON.plus_millis(DAY_MS));
    assert_eq!(rig.expire().await, (0, 1));
    let reply = rig.call(&QUERYWORKWXREDPACK, &[]).await;
    assert_eq!(
        (element(&reply, "status"), element(&reply, "reason")),
        ("FAILED", "帐号余额不足，请到商户平台充值后再重试")
    );
    let again = rig.call(&SENDWORKWXREDPACK, &[("total_amount", "5001")]).await;
    assert_eq!(again, refused("SEND_FAILED", "该订单已经过期,请更换商户单号"));
    rig.assert_books(1).await;
}

#[tokio::test]
async fn listed_words_are_masked_in_what_is_shown_and_nothing_else() {
    let rig = Rig::start().await;
    rig.put_corporation().await;
    let masked_words = MaskedWords::new(["彩票", "Bet"]).unwrap();
    let masking = rig.another(PlatformOptions { masked_words, ..PlatformOptions::default() }).await;
    let texts = [("wishing", "恭喜彩票中奖"), ("act_name", "BET 节"), ("remark", "彩票"), ("sender_name", "彩票")];
    let send = crate::rig::signed(KEY, &fields_of(&SENDWORKWXREDPACK, &texts));
    let reply = rig.post_to(&masking.addresses(), SENDWORKWXREDPACK.path, send).await;
    assert_eq!(element(&reply, "result_code"), "SUCCESS");
    assert_eq!(element(&reply, "sender_name"), "彩票", "what the caller said is repeated as it was");
    let reply = rig.call(&QUERYWORKWXREDPACK, &[]).await;
    let shown = ["wishing", "act_name", "remark", "sender_name"].map(|name| element(&reply, name));
    assert_eq!(shown, ["恭喜**中奖", "*** 节", "彩票", "**"]);
    masking.stop().await;
}

#[tokio::test]
async fn an_inner_signature_in_lower_case_is_right_in_compatible_mode_only() {
    let rig = rig().await;
    let fields = fields_of(&SENDWORKWXREDPACK, &[]);
    let inner = fields.iter().find(|(name, _)| name == "workwx_sign").unwrap().1.to_ascii_lowercase();
    let lower_case = [("workwx_sign", &*inner)];
    rig.put_merchant(json!({ "mode": "strict" })).await;
    let refused_for = "签名错误；企业微信签名失败";
    assert_eq!(rig.call(&SENDWORKWXREDPACK, &lower_case).await, refused("SIGN_ERROR", refused_for));
    rig.put_merchant(json!({ "mode": "compatible" })).await;
    assert_eq!(element(&rig.call(&SENDWORKWXREDPACK, &lower_case).await, "result_code"), "SUCCESS");
    rig.assert_books(1).await;
}
