//! What comes back, and what it says about the money.

use std::time::Duration;

use hongbao::Certainty::{MayHaveMoved, NothingMoved};
use hongbao::NextStep::{FixRequest, FixSetup, NewBillNo, Query, SameBillNo, TopUp, Wait};
use hongbao::{Certainty, Error, ErrorCode, NextStep};
use hongbao_wire::{REPLY_LIMIT, SignType, decode_reply, sign};
use tokio::net::TcpSocket;

use crate::fixtures::{
    BILL_NO, OPENID, PACKET, SENT, altered, assert_error_keeps_secrets, builder, client, key, packet, without,
};
use crate::mock::{Mock, Plan};

const UNREADABLE: &str = "the answer can't be read";
const UNCLEAR: &str = "the answer says neither yes nor no";
const NO_ANSWER: &str = "no whole answer came back";
const WRONG_SIGNATURE: &str = "the answer's signature is wrong";

/// A send that meets this plan ends in this error, and sends nothing twice: the next request, or a
/// redirected one, would succeed.
async fn check(plan: Plan, certainty: Certainty, next: NextStep, code: Option<&str>, display: &str) -> Error {
    let shown = format!("{plan:.300?}");
    let mock = Mock::start([plan, Plan::Reply(SENT.to_owned())]).await;
    let error = client(mock.url()).sendredpack(&packet()).await.expect_err(&shown);
    let found = (error.certainty(), error.next_step(), error.code().map(ErrorCode::as_str), error.to_string());
    assert_eq!(found, (certainty, next, code, display.to_owned()), "{shown}");
    assert!(certainty == NothingMoved || matches!(next, SameBillNo | Query), "{next:?} after {shown}");
    assert!(!error.is_timeout(), "{shown}");
    assert_eq!(mock.connections(), 1, "{shown}");
    assert!(mock.requests().len() <= 1, "sent again after {shown}");
    assert_error_keeps_secrets(&error);
    error
}

async fn check_success(reply: &str) {
    let mock = Mock::start([Plan::Reply(reply.to_owned())]).await;
    let sent = client(mock.url()).sendredpack(&packet()).await;
    assert_eq!(sent.expect(reply).packet.as_str(), PACKET, "{reply}");
}

fn reply(body: impl Into<String>) -> Plan {
    Plan::Reply(body.into())
}

/// A reply that declines the packet, in the envelope that has been current since mid-2016.
fn declined(code: &str, text: &str) -> String {
    format!(
        "<xml>
<return_code><![CDATA[SUCCESS]]></return_code>
<return_msg><![CDATA[{text}]]></return_msg>
<result_code><![CDATA[FAIL]]></result_code>
<err_code><![CDATA[{code}]]></err_code>
<err_code_des><![CDATA[{text}]]></err_code_des>
<mch_billno><![CDATA[{BILL_NO}]]></mch_billno>
<mch_id><![CDATA[10000098]]></mch_id>
<wxappid><![CDATA[wx8888888888888888]]></wxappid>
<re_openid><![CDATA[{OPENID}]]></re_openid>
<total_amount>1000</total_amount>
</xml>"
    )
}

fn signed(reply: &str, sign_type: SignType) -> String {
    let sign = sign::sign(sign_type, &decode_reply(reply.as_bytes()).unwrap().fields, &key());
    with_sign(reply, &sign)
}

fn with_sign(reply: &str, sign: &str) -> String {
    altered(reply, "</xml>", &format!("<sign><![CDATA[{sign}]]></sign>\n</xml>"))
}

#[tokio::test]
async fn a_success_of_any_generation_and_spelling_is_a_success() {
    check_success(SENT).await;
    check_success(&altered(SENT, "<mch_id><![CDATA[10000098]]></mch_id>", "<mch_id>10000098</mch_id>")).await;
    check_success(&altered(SENT, "<total_amount>1000<", "<total_amount><![CDATA[1000]]><")).await;
    // The documents print 0 where the wire has SUCCESS.
    check_success(&altered(SENT, "<err_code><![CDATA[SUCCESS]]></err_code>", "<err_code>0</err_code>")).await;
    check_success(&format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{SENT}\n")).await;
    check_success(&altered(SENT, "</xml>", "<brand_new>1</brand_new></xml>")).await;

    let of_2015 = without(&without(SENT, "err_code"), "err_code_des");
    check_success(&altered(&of_2015, "</xml>", "<send_time><![CDATA[20150413174322]]></send_time>\n</xml>")).await;
}

#[tokio::test]
async fn a_success_need_not_be_signed_and_may_be() {
    check_success(&with_sign(SENT, "")).await;
    check_success(&signed(SENT, SignType::Md5)).await;
    check_success(&signed(SENT, SignType::HmacSha256)).await;
}

#[tokio::test]
async fn a_wrong_signature_makes_every_answer_uncertain() {
    let not_enough = declined("NOTENOUGH", "帐号余额不足，请到商户平台充值后再重试");
    let another_packet = altered(&signed(SENT, SignType::Md5), "<total_amount>1000<", "<total_amount>1001<");
    for body in [
        with_sign(SENT, &"0".repeat(32)),
        with_sign(SENT, &"0".repeat(31)),
        with_sign(SENT, &"0".repeat(64)),
        with_sign(SENT, "签名"),
        another_packet,
        with_sign(&not_enough, &"0".repeat(32)),
        with_sign(&declined("SEND_FAILED", "红包发放失败,请更换单号再重试"), &"0".repeat(32)),
    ] {
        check(reply(body), MayHaveMoved, Query, None, WRONG_SIGNATURE).await;
    }
}

#[tokio::test]
async fn a_success_about_something_else_is_none() {
    for (name, part, by) in [
        ("mch_billno", BILL_NO, "10000098201411111234567891"),
        ("mch_id", "[10000098]", "[10000099]"),
        ("wxappid", "wx8888888888888888", "wx8888888888888889"),
        ("re_openid", OPENID, "oxTWIuGaIt6gTKsQRLau2M0yL16F"),
        ("total_amount", ">1000<", ">100<"),
        ("total_amount", ">1000<", ">01000<"),
        ("total_amount", ">1000<", "><"),
    ] {
        let display = format!("the answer does not match the request: {name}");
        check(reply(altered(SENT, part, by)), MayHaveMoved, Query, None, &display).await;
    }
    for name in ["mch_billno", "mch_id", "wxappid", "re_openid", "total_amount", "send_listid"] {
        let display = format!("the answer does not match the request: {name}");
        check(reply(without(SENT, name)), MayHaveMoved, Query, None, &display).await;
    }
    for id in ["", "listid-1", &"1".repeat(33)] {
        let display = "the answer does not match the request: send_listid";
        check(reply(altered(SENT, PACKET, id)), MayHaveMoved, Query, None, display).await;
    }
}

#[tokio::test]
async fn a_declined_packet_is_what_its_code_says() {
    for (code, certainty, next, text) in [
        ("NOTENOUGH", NothingMoved, TopUp, "帐号余额不足，请到商户平台充值后再重试"),
        ("SIGN_ERROR", NothingMoved, FixRequest, "签名错误"),
        ("CA_ERROR", NothingMoved, FixSetup, "CA证书出错,请登录微信支付商户平台下载证书"),
        ("FREQ_LIMIT", NothingMoved, Wait, "超过频率限制,请稍后再试"),
        ("SEND_FAILED", NothingMoved, NewBillNo, "红包发放失败,请更换单号再重试"),
        ("SYSTEMERROR", MayHaveMoved, SameBillNo, "系统错误,请稍后使用原单号重试,请勿更换单号"),
        ("PROCESSING", MayHaveMoved, Query, "请求已受理,请稍后使用原单号查询发放结果"),
        ("FATAL_ERROR", MayHaveMoved, Query, "更换了金额，但商户单号未更新"),
        ("BRAND_NEW", MayHaveMoved, Query, "从未见过"),
        ("notenough", MayHaveMoved, Query, "帐号余额不足，请到商户平台充值后再重试"),
        ("SUCCESS", MayHaveMoved, Query, "发放成功"),
    ] {
        let display = format!("{code}: {text}");
        let error = check(reply(declined(code, text)), certainty, next, Some(code), &display).await;
        assert_eq!(error.description(), Some(text));

        // Before mid-2016 the first code was FAIL too.
        let of_2015 = altered(&declined(code, text), "[SUCCESS]]></return_code>", "[FAIL]]></return_code>");
        check(reply(of_2015), certainty, next, Some(code), &display).await;
    }
}

/// The reply to a body that could not be read names no packet.
#[tokio::test]
async fn a_declined_packet_need_not_be_repeated() {
    let body = "<xml><return_code>FAIL</return_code><return_msg>输入xml参数格式错误</return_msg>\
        <result_code>FAIL</result_code><err_code>XML_ERROR</err_code><err_code_des>输入xml参数格式错误</err_code_des>\
        <mch_id>0</mch_id><total_amount>0</total_amount></xml>";
    let display = "XML_ERROR: 输入xml参数格式错误";
    check(reply(body), NothingMoved, FixRequest, Some("XML_ERROR"), display).await;
}

#[tokio::test]
async fn a_text_missing_from_a_declined_packet_is_taken_from_return_msg() {
    let body = without(&declined("NOTENOUGH", "余额不足"), "err_code_des");
    check(reply(body), NothingMoved, TopUp, Some("NOTENOUGH"), "NOTENOUGH: 余额不足").await;
}

/// The service says that it did nothing then, but that is no proof.
#[tokio::test]
async fn a_request_not_understood_is_uncertain() {
    let body = "<xml><return_code>FAIL</return_code><return_msg>签名失败</return_msg></xml>";
    let error = check(reply(body), MayHaveMoved, Query, None, "not understood: 签名失败").await;
    assert_eq!(error.description(), Some("签名失败"));
}

#[tokio::test]
async fn an_answer_that_is_neither_yes_nor_no_is_uncertain() {
    for body in [
        without(SENT, "result_code"),
        without(SENT, "return_code"),
        altered(SENT, "<result_code><![CDATA[SUCCESS]]>", "<result_code>"),
        altered(SENT, "<result_code><![CDATA[SUCCESS]]>", "<result_code><![CDATA[success]]>"),
        altered(SENT, "<result_code><![CDATA[SUCCESS]]>", "<result_code> SUCCESS "),
        altered(SENT, "<return_code><![CDATA[SUCCESS]]>", "<return_code><![CDATA[FAIL]]>"),
        "<xml></xml>".to_owned(),
        "<xml><retcode>1</retcode><retmsg>系统繁忙</retmsg></xml>".to_owned(),
    ] {
        check(reply(body), MayHaveMoved, SameBillNo, None, UNCLEAR).await;
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_uncertain() {
    let result = "<result_code><![CDATA[SUCCESS]]></result_code>";
    for body in [
        String::new(),
        "\r\n".to_owned(),
        "<html><head><title>200 OK</title></head><body>Welcome</body></html>".to_owned(),
        "<!DOCTYPE html><html><head><title>200 OK</title><body>Welcome".to_owned(),
        r#"{"return_code":"SUCCESS","result_code":"SUCCESS"}"#.to_owned(),
        format!("<!DOCTYPE xml>{SENT}"),
        format!(r#"<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]>{}"#, altered(SENT, "发放成功]]>", "]]>&x;")),
        altered(SENT, result, &format!("{result}<result_code>FAIL</result_code>")),
        altered(SENT, result, &format!("{result}{result}")),
        altered(&declined("NOTENOUGH", "余额不足"), "</xml>", "<err_code>NOTENOUGH</err_code></xml>"),
        altered(SENT, "</xml>", ""),
        SENT[..SENT.len() / 2].to_owned(),
        format!("{SENT}{SENT}"),
    ] {
        check(reply(body), MayHaveMoved, SameBillNo, None, UNREADABLE).await;
    }
}

#[tokio::test]
async fn another_status_than_200_is_uncertain_whatever_the_body_says() {
    for (status, header) in [
        ("502 Bad Gateway", "content-type: text/html"),
        ("500 Internal Server Error", ""),
        ("404 Not Found", ""),
        ("400 Bad Request", ""),
        ("201 Created", ""),
        ("302 Found", "location: /mmpaymkttransfers/sendredpack"),
        ("307 Temporary Redirect", "location: /mmpaymkttransfers/sendredpack"),
        ("308 Permanent Redirect", "location: /elsewhere"),
    ] {
        let display = format!("the answer is no answer of the platform: HTTP status {}", &status[..3]);
        let html = "<html><body><h1>Something on the way</h1></body></html>";
        for body in [html.to_owned(), SENT.to_owned(), declined("SEND_FAILED", "红包发放失败,请更换单号再重试")]
        {
            check(Plan::Http { status, header, body }, MayHaveMoved, SameBillNo, None, &display).await;
        }
    }
}

#[tokio::test]
async fn an_answer_is_read_up_to_its_limit_and_no_further() {
    let padded = |len: usize| SENT.to_owned() + &" ".repeat(len - SENT.len());
    let mock = Mock::start([reply(padded(REPLY_LIMIT))]).await;
    client(mock.url()).sendredpack(&packet()).await.unwrap();

    let too_large = "the answer is too large";
    for body in [padded(REPLY_LIMIT + 1), padded(2 * REPLY_LIMIT)] {
        check(reply(body), MayHaveMoved, SameBillNo, None, too_large).await;
    }
    check(Plan::Endless, MayHaveMoved, SameBillNo, None, too_large).await;
}

#[tokio::test]
async fn a_connection_that_ends_early_is_uncertain() {
    for plan in [Plan::DropUnread, Plan::DropRead, Plan::CutShort(SENT.to_owned())] {
        check(plan, MayHaveMoved, SameBillNo, None, NO_ANSWER).await;
    }
}

#[tokio::test]
async fn where_nobody_listens_nothing_moves() {
    // Bound, so that nobody else listens there either.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    let error = client(&url).sendredpack(&packet()).await.unwrap_err();
    assert_eq!((error.certainty(), error.next_step(), error.code()), (NothingMoved, SameBillNo, None));
    assert_eq!(error.to_string(), "the request was not sent: no connection");
    assert!(!error.is_timeout());
    assert_error_keeps_secrets(&error);
}

#[tokio::test]
async fn an_answer_that_does_not_come_in_time_is_uncertain() {
    for plan in [Plan::Silence, Plan::Stall(SENT.to_owned())] {
        let mock = Mock::start([plan]).await;
        let client = builder(mock.url()).timeout(Duration::from_millis(100)).build().unwrap();
        let error = client.sendredpack(&packet()).await.unwrap_err();
        assert_eq!((error.certainty(), error.next_step(), error.code()), (MayHaveMoved, SameBillNo, None));
        assert_eq!(error.to_string(), NO_ANSWER);
        assert!(error.is_timeout());
        assert_error_keeps_secrets(&error);
    }
}

#[tokio::test]
async fn a_no_about_another_bill_number_is_none() {
    let no = altered(SENT, "<result_code><![CDATA[SUCCESS]]>", "<result_code><![CDATA[FAIL]]>");
    let no = altered(&no, "<err_code><![CDATA[SUCCESS]]>", "<err_code><![CDATA[SEND_FAILED]]>");
    let other = altered(&no, BILL_NO, "10000098201411111234567891");
    check(reply(other), MayHaveMoved, Query, None, "the answer does not match the request: mch_billno").await;
    check(reply(no), NothingMoved, NewBillNo, Some("SEND_FAILED"), "SEND_FAILED: 发放成功").await;
}

#[tokio::test]
async fn a_text_from_outside_stays_on_one_line() {
    let no = altered(SENT, "<result_code><![CDATA[SUCCESS]]>", "<result_code><![CDATA[FAIL]]>");
    let no = altered(&no, "<err_code><![CDATA[SUCCESS]]>", "<err_code><![CDATA[NOTENOUGH]]>");
    let no = altered(&no, "<err_code_des><![CDATA[发放成功]]>", "<err_code_des><![CDATA[a\nINFO b]]>");
    check(reply(no), NothingMoved, TopUp, Some("NOTENOUGH"), "NOTENOUGH: a INFO b").await;
}
