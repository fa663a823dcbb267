//! Replies byte by byte, as the live service writes them, and what the merchant's side reads in them.

use hongbao_types::{ApiKey, Fen, Generation, Timestamp};
use hongbao_wire::{
    Answer, Endpoint, ErrorCode, Family, Given, HbInfo, Params, Reply, ReplyBody, SHARE_LIMIT, SignType, UnclearReply,
    decode_reply, sign, time,
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

fn success(endpoint: &Endpoint, request: &Params, given: &Given) -> Reply {
    Reply::success(endpoint, Generation::G2b, request, given)
}

fn failure(endpoint: &Endpoint, request: &Params, code: &ErrorCode, text: &str, complaint: Option<&str>) -> Reply {
    Reply::failure(endpoint, Generation::G2b, request, (code, text), complaint)
}

fn at(time: &str) -> Timestamp {
    time::parse_spaced(time).unwrap()
}

#[test]
fn a_successful_send() {
    let given = Given::new().text("send_listid", "1000041701202208213033416589419");
    let reply = success(sendredpack(), &send_request(), &given);
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
    let reply = failure(sendredpack(), &send_request(), &ErrorCode::SignError, ErrorCode::SignError.text(), None);
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
    assert_eq!(Reply::unreadable(Family::Packets).to_xml(), expected);
}

#[test]
fn a_complaint_about_total_num_repeats_it() {
    let mut request = send_request();
    request.set("total_num", "2").unwrap();
    request.set("mch_billno", "").unwrap();
    let text = "参数错误:total_num必须等于1";
    let reply = failure(sendredpack(), &request, &ErrorCode::ParamError, text, Some("total_num"));
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
    let reply = failure(sendredpack(), &request, &ErrorCode::ParamError, "参数错误", Some("mch_billno"));
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
    let given = Given::new()
        .text("detail_id", "1000041701201704213000039731103")
        .text("status", "RECEIVED")
        .text("send_type", "API")
        .text("hb_type", "GROUP")
        .number("total_num", 3)
        .amount("total_amount", Fen::new(300))
        .time("send_time", at("2017-04-21 11:01:27"))
        .shares(shares.clone());
    let reply = success(gethbinfo(), &request, &given);
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
fn a_query_for_as_many_shares_as_there_may_be_can_be_read() {
    let share =
        HbInfo { openid: "o".repeat(32).parse().unwrap(), amount: Fen::MAX, rcv_time: at("2017-04-21 11:06:29") };
    let request = Params::from_pairs([("mch_billno", "B1"), ("mch_id", "1400000000")]).unwrap();
    let reply = success(gethbinfo(), &request, &Given::new().shares(vec![share; SHARE_LIMIT]));
    assert_eq!(decode_reply(reply.to_xml().as_bytes()).unwrap().shares.len(), SHARE_LIMIT);
}

#[test]
fn a_query_for_an_unclaimed_packet_has_no_list() {
    let request = Params::from_pairs([("mch_billno", "B1"), ("mch_id", "1400000000")]).unwrap();
    let reply = success(gethbinfo(), &request, &Given::new().text("status", "SENT").shares(Vec::new()));
    assert!(!reply.to_xml().contains("hblist"));
}

#[test]
fn a_query_for_an_unknown_number_repeats_number_and_merchant_only() {
    let request = Params::from_pairs([("mch_billno", "B1"), ("mch_id", "1400000000"), ("appid", "wx1")]).unwrap();
    let reply = failure(gethbinfo(), &request, &ErrorCode::NotFound, ErrorCode::NotFound.text(), None);
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
fn a_success_of_the_first_generations_has_a_time_and_no_code() {
    let given = Given::new()
        .text("send_listid", "1000000000201504133108665667")
        .compact_time("send_time", at("2015-04-13 17:43:22"));
    let expected = "\
<xml>
<return_code><![CDATA[SUCCESS]]></return_code>
<return_msg><![CDATA[发放成功]]></return_msg>
<result_code><![CDATA[SUCCESS]]></result_code>
<mch_billno><![CDATA[10000098201411111234567890]]></mch_billno>
<mch_id>1400000000</mch_id>
<wxappid><![CDATA[wx8888888888888888]]></wxappid>
<re_openid><![CDATA[oxTWIuGaIt6gTKsQRLau2M0yL16E]]></re_openid>
<total_amount>200</total_amount>
<send_listid><![CDATA[1000000000201504133108665667]]></send_listid>
<send_time><![CDATA[20150413174322]]></send_time>
</xml>";
    for generation in [Generation::G1, Generation::G2a] {
        assert_eq!(Reply::success(sendredpack(), generation, &send_request(), &given).to_xml(), expected);
    }
}

#[test]
fn an_error_of_the_first_generation_is_a_failure_twice() {
    let code = ErrorCode::SystemError2014;
    let reply =
        |generation| Reply::failure(sendredpack(), generation, &send_request(), (&code, code.text()), None).to_xml();
    let first = "\
<xml>
<return_code><![CDATA[FAIL]]></return_code>
<return_msg><![CDATA[系统繁忙,请稍后再试.]]></return_msg>
<result_code><![CDATA[FAIL]]></result_code>
<err_code><![CDATA[268458547]]></err_code>
<err_code_des><![CDATA[系统繁忙,请稍后再试.]]></err_code_des>
<mch_billno><![CDATA[10000098201411111234567890]]></mch_billno>
<mch_id>1400000000</mch_id>
<wxappid><![CDATA[wx8888888888888888]]></wxappid>
<re_openid><![CDATA[oxTWIuGaIt6gTKsQRLau2M0yL16E]]></re_openid>
<total_amount>200</total_amount>
</xml>";
    assert_eq!(reply(Generation::G1), first);
    let second = first.replacen("FAIL", "SUCCESS", 1);
    assert_eq!(reply(Generation::G2a), second);
    let third = second.replace("<mch_id>1400000000</mch_id>", "<mch_id><![CDATA[1400000000]]></mch_id>");
    assert_eq!(reply(Generation::G2b), third);
}

#[test]
fn a_pre_order_answers_as_its_one_sample_does() {
    let request = Params::from_pairs([
        ("mch_billno", "0010010404201411170000046545"),
        ("mch_id", "10010404"),
        ("wxappid", "wx6fa7e3bab7e15415"),
        ("total_amount", "3"),
    ])
    .unwrap();
    let given = Given::new()
        .text("detail_id", "001001040420141117000004888")
        .compact_time("send_time", at("2015-01-01 08:00:00"))
        .text("sp_ticket", "0cca98c8c8e814883");
    let expected = "\
<xml>
<return_code><![CDATA[SUCCESS]]></return_code>
<return_msg><![CDATA[发放成功.]]></return_msg>
<result_code><![CDATA[SUCCESS]]></result_code>
<err_code><![CDATA[0]]></err_code>
<err_code_des><![CDATA[发放成功.]]></err_code_des>
<mch_billno><![CDATA[0010010404201411170000046545]]></mch_billno>
<mch_id>10010404</mch_id>
<wxappid><![CDATA[wx6fa7e3bab7e15415]]></wxappid>
<sp_ticket><![CDATA[0cca98c8c8e814883]]></sp_ticket>
<total_amount>3</total_amount>
<detail_id><![CDATA[001001040420141117000004888]]></detail_id>
<send_time><![CDATA[20150101080000]]></send_time>
</xml>";
    let endpoint = Endpoint::by_name("hbpreorder").unwrap();
    assert_eq!(Reply::success(endpoint, Generation::G1, &request, &given).to_xml(), expected);
}

#[test]
fn a_packet_of_a_corporation_repeats_nothing_in_an_error_and_wraps_all_in_a_success() {
    let endpoint = Endpoint::by_name("sendworkwxredpack").unwrap();
    let mut request = send_request();
    request.set("sender_name", "XX活动").unwrap();
    let reply = success(endpoint, &request, &Given::new().text("send_listid", "1")).to_xml();
    let expected = "\
<xml>
<return_code><![CDATA[SUCCESS]]></return_code>
<return_msg><![CDATA[ok]]></return_msg>
<result_code><![CDATA[SUCCESS]]></result_code>
<mch_billno><![CDATA[10000098201411111234567890]]></mch_billno>
<mch_id><![CDATA[1400000000]]></mch_id>
<wxappid><![CDATA[wx8888888888888888]]></wxappid>
<re_openid><![CDATA[oxTWIuGaIt6gTKsQRLau2M0yL16E]]></re_openid>
<total_amount><![CDATA[200]]></total_amount>
<send_listid><![CDATA[1]]></send_listid>
<sender_name><![CDATA[XX活动]]></sender_name>
</xml>";
    assert_eq!(reply, expected);
    let reply = failure(endpoint, &request, &ErrorCode::SignError, ErrorCode::SignError.text(), None);
    assert_eq!(reply, Reply::bare_failure(&ErrorCode::SignError, ErrorCode::SignError.text()));
}

#[test]
fn an_error_of_a_transfer_says_what_is_wrong_in_one_place_only() {
    let endpoint = Endpoint::by_name("transfers").unwrap();
    let reply = failure(endpoint, &send_request(), &ErrorCode::NotEnough, ErrorCode::NotEnough.text(), None).to_xml();
    let expected = "\
<xml>
<return_code><![CDATA[SUCCESS]]></return_code>
<return_msg><![CDATA[支付失败]]></return_msg>
<result_code><![CDATA[FAIL]]></result_code>
<err_code><![CDATA[NOTENOUGH]]></err_code>
<err_code_des><![CDATA[帐号余额不足，请到商户平台充值后再重试]]></err_code_des>
</xml>";
    assert_eq!(reply, expected);
    let words = "参数错误:描述信息大于100Bytes";
    let reply = failure(endpoint, &send_request(), &ErrorCode::ParamError, words, Some("desc"));
    let read = decode_reply(reply.to_xml().as_bytes()).unwrap().fields;
    assert_eq!((read.get("return_msg"), read.get("err_code_des")), (Some(words), Some(words)));
    let unreadable =
        "<xml>\n<return_code><![CDATA[FAIL]]></return_code>\n<return_msg><![CDATA[XML格式错误]]></return_msg>\n</xml>";
    assert_eq!(Reply::unreadable(Family::Transfers).to_xml(), unreadable);
}

#[test]
fn codes_are_called_as_they_were_at_the_time() {
    use hongbao_wire::generation::code_in;
    let names = |generation| {
        [
            ErrorCode::ProductAuthorityUnopen,
            ErrorCode::FreqLimit,
            ErrorCode::SystemError,
            ErrorCode::Processing,
            ErrorCode::NotFound,
            ErrorCode::NotEnough,
        ]
        .map(|code| code_in(generation, code).as_str().to_owned())
    };
    assert_eq!(
        names(Generation::G1),
        ["NOAUTH", "SECOND_OVER_LIMITED", "268458547", "268458547", "SYSTEMERROR", "NOTENOUGH"]
    );
    let today = ["PRODUCT_AUTHORITY_UNOPEN", "FREQ_LIMIT", "SYSTEMERROR", "PROCESSING", "NOT_FOUND", "NOTENOUGH"];
    assert_eq!(names(Generation::G2a), today);
    assert_eq!(names(Generation::G2b), today);
}

#[test]
fn a_signed_reply_verifies_over_its_fields() {
    let key = ApiKey::try_new("192006250b4c09247ec02edce69f6a2d").unwrap();
    let mut reply = success(sendredpack(), &send_request(), &Given::new());
    reply.sign(SignType::HmacSha256, &key);
    let read = decode_reply(reply.to_xml().as_bytes()).unwrap();
    assert_eq!(read.fields.get("sign"), Some(sign::sign(SignType::HmacSha256, &read.fields, &key).as_str()));
}

#[test]
fn debug_of_a_reply_shows_no_openid() {
    let reply = success(sendredpack(), &send_request(), &Given::new());
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
    let reply = decode_reply(Reply::unreadable(Family::Packets).to_xml().as_bytes()).unwrap();
    assert!(matches!(Answer::read(&reply), Ok(Answer::Failed { code: ErrorCode::XmlError, .. })));
}
