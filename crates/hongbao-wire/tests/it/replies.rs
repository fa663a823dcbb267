//! Replies byte by byte, as the live service writes them, and what the merchant's side reads in them.

use hongbao_types::{ApiKey, Fen, Timestamp};
use hongbao_wire::{
    Answer, Endpoint, ErrorCode, HbInfo, Params, Reply, ReplyBody, SignType, UnclearReply, decode_reply, sign, text,
    time,
};

const OPENID: &str = "oxTWIuGaIt6gTKsQRLau2M0yL16E";

fn send_request() -> Params {
    Params::from_pairs([
        ("nonce_str", "n"),
        ("mch_billno", "10000098201411111234567890"),
        ("mch_id", "1400000000"),
        ("wxappid", "wx8888888888888888"),
        ("re_openid", OPENID),
        ("total_amount", "200"),
        ("total_num", "1"),
        ("sub_mch_id", "1400000001"),
    ])
    .unwrap()
}

fn sendredpack() -> &'static Endpoint {
    Endpoint::by_name("sendredpack").unwrap()
}

fn gethbinfo() -> &'static Endpoint {
    Endpoint::by_name("gethbinfo").unwrap()
}

fn at(time: &str) -> Timestamp {
    time::parse_spaced(time).unwrap()
}

#[test]
fn a_successful_send() {
    let mut reply = Reply::success(text::SEND_OK);
    reply.echo(sendredpack(), &send_request(), None).text("send_listid", "1000041701202208213033416589419");
    let expected = "\
<xml>
<return_code><![CDATA[SUCCESS]]></return_code>
<return_msg><![CDATA[发放成功]]></return_msg>
<result_code><![CDATA[SUCCESS]]></result_code>
<err_code><![CDATA[SUCCESS]]></err_code>
<err_code_des><![CDATA[发放成功]]></err_code_des>
<mch_billno><![CDATA[10000098201411111234567890]]></mch_billno>
<mch_id><![CDATA[1400000000]]></mch_id>
<wxappid><![CDATA[wx8888888888888888]]></wxappid>
<re_openid><![CDATA[oxTWIuGaIt6gTKsQRLau2M0yL16E]]></re_openid>
<total_amount>200</total_amount>
<send_listid><![CDATA[1000041701202208213033416589419]]></send_listid>
</xml>";
    assert_eq!(reply.to_xml(), expected);
}

#[test]
fn a_wrong_signature() {
    let mut reply = Reply::failure(&ErrorCode::SignError, ErrorCode::SignError.text());
    reply.echo(sendredpack(), &send_request(), None);
    let expected = "\
<xml>
<return_code><![CDATA[SUCCESS]]></return_code>
<return_msg><![CDATA[签名错误]]></return_msg>
<result_code><![CDATA[FAIL]]></result_code>
<err_code><![CDATA[SIGN_ERROR]]></err_code>
<err_code_des><![CDATA[签名错误]]></err_code_des>
<mch_billno><![CDATA[10000098201411111234567890]]></mch_billno>
<mch_id><![CDATA[1400000000]]></mch_id>
<wxappid><![CDATA[wx8888888888888888]]></wxappid>
<re_openid><![CDATA[oxTWIuGaIt6gTKsQRLau2M0yL16E]]></re_openid>
<total_amount>200</total_amount>
</xml>";
    assert_eq!(reply.to_xml(), expected);
}

#[test]
fn a_body_that_is_no_xml() {
    let expected = "\
<xml>
<return_code><![CDATA[FAIL]]></return_code>
<return_msg><![CDATA[输入xml参数格式错误]]></return_msg>
<result_code><![CDATA[FAIL]]></result_code>
<err_code><![CDATA[XML_ERROR]]></err_code>
<err_code_des><![CDATA[输入xml参数格式错误]]></err_code_des>
<mch_id>0</mch_id>
<total_amount>0</total_amount>
</xml>";
    assert_eq!(Reply::xml_error().to_xml(), expected);
}

#[test]
fn a_complaint_about_total_num_repeats_it() {
    let mut request = send_request();
    request.set("total_num", "2").unwrap();
    request.set("mch_billno", "").unwrap();
    let mut reply = Reply::failure(&ErrorCode::ParamError, "参数错误:total_num必须等于1");
    reply.echo(sendredpack(), &request, Some("total_num"));
    let expected = "\
<xml>
<return_code><![CDATA[SUCCESS]]></return_code>
<return_msg><![CDATA[参数错误:total_num必须等于1]]></return_msg>
<result_code><![CDATA[FAIL]]></result_code>
<err_code><![CDATA[PARAM_ERROR]]></err_code>
<err_code_des><![CDATA[参数错误:total_num必须等于1]]></err_code_des>
<mch_billno><![CDATA[]]></mch_billno>
<mch_id><![CDATA[1400000000]]></mch_id>
<wxappid><![CDATA[wx8888888888888888]]></wxappid>
<re_openid><![CDATA[oxTWIuGaIt6gTKsQRLau2M0yL16E]]></re_openid>
<total_amount>200</total_amount>
<total_num>2</total_num>
</xml>";
    assert_eq!(reply.to_xml(), expected);
}

#[test]
fn an_echo_cannot_break_out_of_its_element() {
    let mut request = send_request();
    request.set("mch_billno", "]]></mch_billno><x/>").unwrap();
    request.set("total_amount", "1</total_amount>").unwrap();
    let mut reply = Reply::failure(&ErrorCode::ParamError, "参数错误");
    reply.echo(sendredpack(), &request, Some("mch_billno"));
    let read = decode_reply(reply.to_xml().as_bytes()).unwrap();
    assert_eq!(read.fields.get("mch_billno"), Some("]]></mch_billno><x/>"));
    assert_eq!(read.fields.get("total_amount"), Some("0"));
    assert_eq!(read.fields.get("total_num"), None);
}

#[test]
fn a_query_for_a_claimed_group_packet() {
    let request = Params::from_pairs([("mch_billno", "B1"), ("mch_id", "1400000000"), ("appid", "wx1")]).unwrap();
    let share =
        |amount, rcv_time| HbInfo { openid: OPENID.parse().unwrap(), amount: Fen::new(amount), rcv_time: at(rcv_time) };
    let shares =
        vec![share(1, "2017-04-21 11:06:29"), share(102, "2017-04-21 11:03:24"), share(197, "2017-04-21 11:01:43")];
    let mut reply = Reply::success(text::QUERY_OK);
    reply
        .echo(gethbinfo(), &request, None)
        .text("detail_id", "1000041701201704213000039731103")
        .text("status", "RECEIVED")
        .text("send_type", "API")
        .text("hb_type", "GROUP")
        .number("total_num", 3)
        .amount("total_amount", Fen::new(300))
        .time("send_time", at("2017-04-21 11:01:27"))
        .shares(shares.clone());
    let expected = "\
<xml>
<return_code><![CDATA[SUCCESS]]></return_code>
<return_msg><![CDATA[OK]]></return_msg>
<result_code><![CDATA[SUCCESS]]></result_code>
<err_code><![CDATA[SUCCESS]]></err_code>
<err_code_des><![CDATA[OK]]></err_code_des>
<mch_billno><![CDATA[B1]]></mch_billno>
<mch_id><![CDATA[1400000000]]></mch_id>
<detail_id><![CDATA[1000041701201704213000039731103]]></detail_id>
<status><![CDATA[RECEIVED]]></status>
<send_type><![CDATA[API]]></send_type>
<hb_type><![CDATA[GROUP]]></hb_type>
<total_num>3</total_num>
<total_amount>300</total_amount>
<send_time><![CDATA[2017-04-21 11:01:27]]></send_time>
<hblist>
<hbinfo>
<openid><![CDATA[oxTWIuGaIt6gTKsQRLau2M0yL16E]]></openid>
<amount>1</amount>
<rcv_time><![CDATA[2017-04-21 11:06:29]]></rcv_time>
</hbinfo>
<hbinfo>
<openid><![CDATA[oxTWIuGaIt6gTKsQRLau2M0yL16E]]></openid>
<amount>102</amount>
<rcv_time><![CDATA[2017-04-21 11:03:24]]></rcv_time>
</hbinfo>
<hbinfo>
<openid><![CDATA[oxTWIuGaIt6gTKsQRLau2M0yL16E]]></openid>
<amount>197</amount>
<rcv_time><![CDATA[2017-04-21 11:01:43]]></rcv_time>
</hbinfo>
</hblist>
</xml>";
    assert_eq!(reply.to_xml(), expected);

    let read = decode_reply(expected.as_bytes()).unwrap();
    assert_eq!(read.shares.iter().map(HbInfo::read).collect::<Option<Vec<_>>>(), Some(shares));
    assert_eq!(read.fields.get("hblist"), None);
}

#[test]
fn a_query_for_an_unclaimed_packet_has_no_list() {
    let request = Params::from_pairs([("mch_billno", "B1"), ("mch_id", "1400000000")]).unwrap();
    let mut reply = Reply::success(text::QUERY_OK);
    reply.echo(gethbinfo(), &request, None).text("status", "SENT").shares(Vec::new());
    assert!(!reply.to_xml().contains("hblist"));
}

#[test]
fn a_query_for_an_unknown_number_repeats_number_and_merchant_only() {
    let request = Params::from_pairs([("mch_billno", "B1"), ("mch_id", "1400000000"), ("appid", "wx1")]).unwrap();
    let mut reply = Reply::failure(&ErrorCode::NotFound, ErrorCode::NotFound.text());
    reply.echo(gethbinfo(), &request, None);
    let expected = "\
<xml>
<return_code><![CDATA[SUCCESS]]></return_code>
<return_msg><![CDATA[指定单号数据不存在]]></return_msg>
<result_code><![CDATA[FAIL]]></result_code>
<err_code><![CDATA[NOT_FOUND]]></err_code>
<err_code_des><![CDATA[指定单号数据不存在]]></err_code_des>
<mch_billno><![CDATA[B1]]></mch_billno>
<mch_id><![CDATA[1400000000]]></mch_id>
</xml>";
    assert_eq!(reply.to_xml(), expected);
}

#[test]
fn a_signed_reply_verifies_over_its_fields() {
    let key = ApiKey::try_new("192006250b4c09247ec02edce69f6a2d").unwrap();
    let mut reply = Reply::success(text::SEND_OK);
    reply.echo(sendredpack(), &send_request(), None).sign(SignType::HmacSha256, &key);
    let read = decode_reply(reply.to_xml().as_bytes()).unwrap();
    assert_eq!(read.fields.get("sign"), Some(sign::sign(SignType::HmacSha256, &read.fields, &key).as_str()));
}

#[test]
fn debug_of_a_reply_shows_no_openid() {
    let mut reply = Reply::success(text::SEND_OK);
    reply.echo(sendredpack(), &send_request(), None);
    assert!(!format!("{reply:?}").contains(OPENID));
}

fn answer(fields: &[(&str, &str)]) -> Result<Answer, UnclearReply> {
    let fields = Params::from_pairs(fields.iter().copied()).unwrap();
    Answer::read(&ReplyBody { fields, shares: Vec::new() })
}

#[test]
fn an_answer_is_accepted_declined_or_refused() {
    let success = ("return_code", "SUCCESS");
    let fail = ("return_code", "FAIL");
    assert_eq!(answer(&[success, ("result_code", "SUCCESS"), ("err_code", "SUCCESS")]), Ok(Answer::Accepted));
    assert_eq!(answer(&[success, ("result_code", "SUCCESS")]), Ok(Answer::Accepted));

    let declined = |code, description: &str| Ok(Answer::Failed { code, description: description.to_owned() });
    // The generations since mid-2016, and the one before.
    for first in [success, fail] {
        let reply = [first, ("result_code", "FAIL"), ("err_code", "NOTENOUGH"), ("err_code_des", "余额不足")];
        assert_eq!(answer(&reply), declined(ErrorCode::NotEnough, "余额不足"));
    }
    let bare = [success, ("result_code", "FAIL"), ("return_msg", "m")];
    assert_eq!(answer(&bare), declined(ErrorCode::Other("".into()), "m"));
    assert_eq!(answer(&[fail, ("return_msg", "XML格式错误")]), Ok(Answer::Refused { message: "XML格式错误".into() }));
}

#[test]
fn what_fits_none_of_them_is_unclear() {
    for reply in [
        &[] as &[_],
        &[("return_code", "SUCCESS")],
        &[("result_code", "SUCCESS")],
        &[("return_code", "FAIL"), ("result_code", "SUCCESS")],
        &[("return_code", "success"), ("result_code", "SUCCESS")],
        &[("return_code", "SUCCESS"), ("result_code", "")],
        &[("retcode", "1"), ("retmsg", "输入请求参数xml格式错误")],
    ] {
        assert_eq!(answer(reply), Err(UnclearReply), "{reply:?}");
    }
}

#[test]
fn our_own_xml_error_is_read_as_declined() {
    let reply = decode_reply(Reply::xml_error().to_xml().as_bytes()).unwrap();
    assert!(matches!(Answer::read(&reply), Ok(Answer::Failed { code: ErrorCode::XmlError, .. })));
}
