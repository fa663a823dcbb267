//! Each call but the first two: what goes out, found right at its strictest, and what is read of an answer.

use hongbao::{
    BillNo, Brand, Certainty, Error, Fen, NextStep, PreOrder, PreOrderShares, RiskControl, RiskInfo, SendGroupRedPack,
    SendMiniProgramHb, SendRedPack, SendWorkwxRedPack, Shake, SubMerchant, Transfer, TransferStatus, WorkwxSecret,
    WorkwxSender,
};
use hongbao_types::{Generation, Mode};
use hongbao_wire::sign::verify_workwx;
use hongbao_wire::{Endpoint, ErrorCode, Given, Params, Reply, SignPolicy, SignType, sign};

use crate::fixtures::{APP, BILL_NO, OPENID, PACKET, builder, client, key, packet};
use crate::mock::{Mock, Plan};

const MERCHANT: &str = "10000098";
const SECRET: &str = "192006250b4c09247ec02edce69f6a2d";

fn endpoint(name: &str) -> &'static Endpoint {
    Endpoint::by_name(name).unwrap()
}

fn bill_no() -> BillNo {
    BILL_NO.parse().unwrap()
}

/// A platform that answers like the endpoint's table, repeating these fields, with what it gives besides.
async fn platform(name: &str, echo: &[(&str, &str)], given: &Given) -> Mock {
    let request = Params::from_pairs(echo.iter().copied()).unwrap();
    let mut reply = Reply::success(endpoint(name), Generation::G2b, &request, given);
    if name == "sendgroupredpack" || name == "hbpreorder" {
        reply.sign(SignType::Md5, &key());
    }
    Mock::start([Plan::Reply(reply.to_xml())]).await
}

/// The fields of the only request, checked as the platform at its strictest would; without what differs each time.
fn sent(mock: &Mock, name: &str) -> Vec<(String, String)> {
    let [request] = mock.requests().try_into().unwrap();
    assert_eq!(request.line, format!("POST {} HTTP/1.1", endpoint(name).path));
    let params = request.params();
    endpoint(name).check(&params, Mode::Strict).unwrap();
    sign::verify(&params, endpoint(name), [&key()], SignPolicy { mode: Mode::Strict, pinned: None }).unwrap();
    let fields = params.iter().filter(|(name, _)| !["nonce_str", "sign"].contains(name));
    let mut fields: Vec<_> = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    fields.sort_unstable();
    fields
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
}

const ECHO: &[(&str, &str)] = &[
    ("mch_billno", BILL_NO),
    ("mch_id", MERCHANT),
    ("wxappid", APP),
    ("re_openid", OPENID),
    ("total_amount", "1000"),
    ("sender_name", "XX活动"),
];

#[tokio::test]
async fn an_ordinary_packet_may_be_sent_on_behalf_of_a_sub_merchant_and_say_what_is_known_of_the_user() {
    let mock = platform("sendredpack", ECHO, &Given::new().text("send_listid", PACKET)).await;
    let packet = SendRedPack {
        risk_info: Some(RiskInfo { device_id: Some("IOS".to_owned()), ..RiskInfo::default() }),
        on_behalf_of: Some(SubMerchant {
            merchant: "10000090".parse().unwrap(),
            message_app: "wx28b16568a629bb33".parse().unwrap(),
            payer: Some("10000097".parse().unwrap()),
        }),
        ..packet()
    };
    client(mock.url()).sendredpack(&packet).await.unwrap();
    let fields = sent(&mock, "sendredpack");
    for (name, value) in [
        ("risk_info", "deviceid%3DIOS"),
        ("sub_mch_id", "10000090"),
        ("msgappid", "wx28b16568a629bb33"),
        ("consume_mch_id", "10000097"),
    ] {
        assert!(fields.contains(&(name.to_owned(), value.to_owned())), "{name}: {fields:?}");
    }
}

fn group() -> SendGroupRedPack {
    SendGroupRedPack {
        bill_no: bill_no(),
        app: APP.parse().unwrap(),
        seed_user: OPENID.parse().unwrap(),
        total: Fen::new(1000),
        share_count: 3,
        sender_name: "天虹百货".to_owned(),
        greeting: "恭喜发财".to_owned(),
        activity: "新年红包".to_owned(),
        remark: "新年红包".to_owned(),
        scene: None,
        risk_info: None,
        on_behalf_of: None,
    }
}

#[tokio::test]
async fn a_group_packet_goes_out_and_its_signed_answer_is_checked() {
    let mock = platform("sendgroupredpack", ECHO, &Given::new().text("send_listid", PACKET)).await;
    let sent_as = client(mock.url()).sendgroupredpack(&group()).await.unwrap();
    assert_eq!(sent_as.packet.as_str(), PACKET);
    let expected = [
        ("act_name", "新年红包"),
        ("amt_type", "ALL_RAND"),
        ("mch_billno", BILL_NO),
        ("mch_id", MERCHANT),
        ("re_openid", OPENID),
        ("remark", "新年红包"),
        ("send_name", "天虹百货"),
        ("total_amount", "1000"),
        ("total_num", "3"),
        ("wishing", "恭喜发财"),
        ("wxappid", APP),
    ];
    assert_eq!(sent(&mock, "sendgroupredpack"), owned(&expected));

    let request = Params::from_pairs(ECHO.iter().copied()).unwrap();
    let given = Given::new().text("send_listid", PACKET);
    let mut forged = Reply::success(endpoint("sendgroupredpack"), Generation::G2b, &request, &given);
    forged.sign(SignType::Md5, &SECRET.parse().unwrap());
    let mock = Mock::start([Plan::Reply(forged.to_xml())]).await;
    let error = client(mock.url()).sendgroupredpack(&group()).await.unwrap_err();
    assert_eq!((error.certainty(), error.next_step()), (Certainty::MayHaveMoved, NextStep::Query));
}

#[tokio::test]
async fn what_wechat_pay_has_switched_off_is_not_sent_to_its_own_host_unless_one_says_so() {
    let refusal = async |builder: hongbao::ClientBuilder| {
        let error = builder.build().unwrap().sendgroupredpack(&SendGroupRedPack { share_count: 2, ..group() }).await;
        error.unwrap_err().to_string()
    };
    let own = || builder("https://api.mch.weixin.qq.com");
    assert!(refusal(own()).await.contains("switched off sendgroupredpack"));
    assert!(refusal(own().allow_retired_calls(true)).await.contains("total_num"), "the next check is reached");
    assert!(refusal(builder("http://127.0.0.1:1")).await.contains("total_num"));
    let chained = own().build().unwrap().chain("v2/mmpaymkttransfers/hbpreorder").post([("a", "b")]).await.unwrap_err();
    assert!(chained.to_string().contains("switched off hbpreorder"), "{chained}");
    for same_host in ["https://API.mch.weixin.qq.com:443/", "https://api2.mch.weixin.qq.com"] {
        assert!(refusal(builder(same_host)).await.contains("switched off sendgroupredpack"), "{same_host}");
    }
}

#[tokio::test]
async fn a_mini_program_s_packet_gives_the_arguments_of_its_page() {
    let package = "sendid=242e8abd163d300019b2cae74ba8e8c06e3f0e51ab84d16b3c80decd22a5b672&ver=8&sign=4110d649a5aef52dd6\
                   b95654ddf91ca7d5411ac159ace4e1a766b7d3967a1c3dfe1d256811445a4abda2d9cfa4a9b377a829258bd00d90313c6c346\
                   f2349fe5d&mchid=11475856&appid=wxd27ebc41b85ce36d";
    let given = Given::new().text("send_listid", PACKET).text("package", package);
    let mock = platform("sendminiprogramhb", ECHO, &given).await;
    let packet = SendMiniProgramHb {
        bill_no: bill_no(),
        app: APP.parse().unwrap(),
        recipient: OPENID.parse().unwrap(),
        total: Fen::new(1000),
        sender_name: "天虹百货".to_owned(),
        greeting: "恭喜发财".to_owned(),
        activity: "新年红包".to_owned(),
        remark: "新年红包".to_owned(),
        scene: Some("PRODUCT_8".to_owned()),
    };
    let client = client(mock.url());
    let sent_as = client.sendminiprogramhb(&packet).await.unwrap();
    assert_eq!((sent_as.packet.as_str(), sent_as.package.as_str()), (PACKET, package));
    assert!(!format!("{sent_as:?}").contains("sendid"), "who has the package opens the packet");
    let fields = sent(&mock, "sendminiprogramhb");
    assert_eq!(fields.len(), 12, "{fields:?}");
    assert!(fields.contains(&("notify_way".to_owned(), "MINI_PROGRAM_JSAPI".to_owned())));

    let app = "wx2421b1c4370ec43b".parse().unwrap();
    let page = hongbao::Client::builder(MERCHANT.parse().unwrap(), SECRET.parse().unwrap()).build().unwrap();
    let arguments = page.biz_red_packet_at(&app, package, "e61463f8efa94090b1f366cccfbbb444", "1414561699");
    assert_eq!(arguments.pay_sign, "0cecd02326e26c27fbc77f6062ef8654");
    assert!(arguments.package.starts_with("sendid%3D242e8abd") && arguments.sign_type == "MD5");
    assert!(!format!("{arguments:?}").contains("242e8abd"));
    let now = client.biz_red_packet(&app, package).unwrap();
    assert_ne!(now.nonce_str, client.biz_red_packet(&app, package).unwrap().nonce_str);
    assert!(now.time_stamp.parse::<u64>().unwrap() > 1_414_561_699);
}

#[tokio::test]
async fn a_pre_order_gives_a_ticket() {
    let given = Given::new()
        .text("sp_ticket", "0cca98c8c8e814883")
        .text("detail_id", PACKET)
        .text("send_time", "20150101080000");
    let mock = platform("hbpreorder", ECHO, &given).await;
    let order = PreOrder {
        bill_no: bill_no(),
        app: APP.parse().unwrap(),
        total: Fen::new(1000),
        shares: PreOrderShares::Several(5),
        sender_name: "天虹百货".to_owned(),
        greeting: "恭喜发财".to_owned(),
        activity: "新年红包".to_owned(),
        remark: "新年红包".to_owned(),
        shake: Shake::Nearby,
        risk_control: RiskControl::IgnoreDay,
    };
    let reserved = client(mock.url()).hbpreorder(&order).await.unwrap();
    assert_eq!((reserved.ticket.as_str(), reserved.packet.as_str()), ("0cca98c8c8e814883", PACKET));
    assert_eq!(reserved.send_time, "20150101080000");
    assert!(!format!("{reserved:?}").contains("0cca98c8c8e814883"), "who has the ticket gives the packet away");
    let expected = [
        ("act_name", "新年红包"),
        ("amt_type", "ALL_RAND"),
        ("auth_appid", "wxbf42bd79c4391863"),
        ("auth_mchid", "1000052601"),
        ("hb_type", "GROUP"),
        ("mch_billno", BILL_NO),
        ("mch_id", MERCHANT),
        ("remark", "新年红包"),
        ("risk_cntl", "IGN_DAY_LMT"),
        ("send_name", "天虹百货"),
        ("total_amount", "1000"),
        ("total_num", "5"),
        ("wishing", "恭喜发财"),
        ("wxappid", APP),
    ];
    assert_eq!(sent(&mock, "hbpreorder"), owned(&expected));
}

#[tokio::test]
async fn a_corporation_s_packet_is_signed_twice() {
    let mock = platform("sendworkwxredpack", ECHO, &Given::new().text("send_listid", PACKET)).await;
    let secret = WorkwxSecret::try_new(SECRET).unwrap();
    let packet = SendWorkwxRedPack {
        bill_no: bill_no(),
        corporation: APP.parse().unwrap(),
        recipient: OPENID.parse().unwrap(),
        total: Fen::new(1000),
        sender: WorkwxSender::Name("XX活动".to_owned()),
        sender_picture: None,
        greeting: "恭喜发财".to_owned(),
        project: "新年红包".to_owned(),
        remark: "新年红包".to_owned(),
        scene: None,
    };
    assert_eq!(client(mock.url()).sendworkwxredpack(&packet, &secret).await.unwrap().packet.as_str(), PACKET);
    sent(&mock, "sendworkwxredpack");
    let params = mock.requests()[0].params();
    let inner = params.get("workwx_sign").unwrap();
    assert!(verify_workwx(&params, inner, &secret, Mode::Strict), "with the nonce that was sent");

    let echo = [("mch_billno", BILL_NO), ("mch_id", MERCHANT)];
    let given = Given::new()
        .text("detail_id", PACKET)
        .text("status", "RECEIVED")
        .text("total_amount", "1000")
        .text("send_time", "2017-04-21 11:01:27")
        .text("openid", OPENID)
        .text("amount", "1000")
        .text("rcv_time", "2017-04-21 11:06:29")
        .text("send_type", "API")
        .text("wishing", "恭喜发财")
        .text("act_name", "新年红包")
        .text("remark", "猜越多得越多")
        .text("sender_name", "XX活动")
        .text("sender_header_media_id", "1G6nrLmr5EC3MMb");
    let mock = platform("queryworkwxredpack", &echo, &given).await;
    let info = client(mock.url()).queryworkwxredpack(&bill_no(), &APP.parse().unwrap()).await.unwrap();
    assert_eq!((info.amount, info.received_at.as_deref()), (Some(Fen::new(1000)), Some("2017-04-21 11:06:29")));
    let shown = [info.send_type, info.greeting, info.project, info.remark, info.sender_name, info.sender_picture];
    let expected = ["API", "恭喜发财", "新年红包", "猜越多得越多", "XX活动", "1G6nrLmr5EC3MMb"];
    assert_eq!(shown, expected.map(|text| Some(text.to_owned())));
    assert_eq!(sent(&mock, "queryworkwxredpack"), owned(&[("appid", APP), echo[0], echo[1]]));
}

fn transfer() -> Transfer {
    Transfer {
        bill_no: bill_no(),
        app: APP.parse().unwrap(),
        recipient: OPENID.parse().unwrap(),
        amount: Fen::new(10_099),
        description: "理赔".to_owned(),
        checked_name: Some("王小王".to_owned()),
        client_ip: None,
        device: Some("013467007045764".to_owned()),
        brand: Some(Brand { id: 1234, template: Some("1800008030000000".to_owned()) }),
    }
}

#[tokio::test]
async fn a_transfer_names_things_differently() {
    let request = [("mch_appid", APP), ("mchid", MERCHANT), ("partner_trade_no", BILL_NO)];
    let given = Given::new().text("payment_no", PACKET).text("payment_time", "2017-04-21 11:01:27");
    let plan = |nonce: &str| {
        let mut request = Params::from_pairs(request).unwrap();
        request.set("nonce_str", nonce).unwrap();
        Plan::Reply(Reply::success(endpoint("transfers"), Generation::G2b, &request, &given).to_xml())
    };
    // Its nonce is repeated: an answer to another call is another's.
    let mock = Mock::start([plan("another")]).await;
    let error = client(mock.url()).transfers(&transfer()).await.unwrap_err();
    assert_eq!(error.certainty(), Certainty::MayHaveMoved);
    let expected = [
        ("amount", "10099"),
        ("brand_id", "1234"),
        ("check_name", "FORCE_CHECK"),
        ("desc", "理赔"),
        ("device_info", "013467007045764"),
        ("finder_template_id", "1800008030000000"),
        ("mch_appid", APP),
        ("mchid", MERCHANT),
        ("openid", OPENID),
        ("partner_trade_no", BILL_NO),
        ("re_user_name", "王小王"),
        ("scene", "BRAND_REDPACKET"),
    ];
    assert_eq!(sent(&mock, "transfers"), owned(&expected));

    let mock = Mock::start([plan("mine")]).await;
    let fields = [&expected[..], &[("nonce_str", "mine")]].concat();
    let chained = client(mock.url()).chain("v2/mmpaymkttransfers/promotion/transfers").post(fields).await.unwrap();
    assert_eq!(chained.get("payment_no"), Some(PACKET));

    let echo = [("partner_trade_no", BILL_NO), ("appid", APP), ("mch_id", MERCHANT)];
    let given = Given::new()
        .text("detail_id", PACKET)
        .text("status", "PROCESSING")
        .text("openid", OPENID)
        .text("transfer_name", "王小王")
        .number("payment_amount", 10_099)
        .text("transfer_time", "2017-04-21 11:01:27")
        .text("desc", "理赔");
    let mock = platform("gettransferinfo", &echo, &given).await;
    let info = client(mock.url()).gettransferinfo(&bill_no(), &APP.parse().unwrap()).await.unwrap();
    assert_eq!((info.status, info.payment_time, info.amount), (TransferStatus::Processing, None, Fen::new(10_099)));
    assert_eq!(info.recipient_name.as_deref(), Some("王小王"));
}

async fn failed(path: &str, code: &ErrorCode) -> Error {
    let mock = Mock::start([Plan::Reply(Reply::bare_failure(code, code.text()).to_xml())]).await;
    let fields = [
        ("mch_appid", APP),
        ("openid", OPENID),
        ("partner_trade_no", BILL_NO),
        ("amount", "100"),
        ("desc", "理赔"),
        ("check_name", "NO_CHECK"),
    ];
    client(mock.url()).chain(path).post(fields).await.unwrap_err()
}

#[tokio::test]
async fn send_failed_of_a_transfer_and_any_code_of_an_unknown_call_are_uncertain() {
    for (path, code) in [
        ("v2/mmpaymkttransfers/promotion/transfers", ErrorCode::SendFailed),
        ("v2/mmpaymkttransfers/send_coupon", ErrorCode::SendFailed),
        ("v2/mmpaymkttransfers/send_coupon", ErrorCode::ParamError),
    ] {
        let error = failed(path, &code).await;
        assert_eq!((error.certainty(), error.next_step()), (Certainty::MayHaveMoved, NextStep::Query), "{path} {code}");
    }
    let error = failed("mmpaymkttransfers/promotion/transfers", &ErrorCode::ParamError).await;
    assert_eq!(error.certainty(), Certainty::NothingMoved, "this one is in the table");
}

#[tokio::test]
async fn a_chained_call_of_an_endpoint_in_the_table_is_checked_before_it_goes_out() {
    let mock = Mock::start([]).await;
    let fields = [("mch_billno", BILL_NO), ("wxappid", APP)];
    let error = client(mock.url()).chain("/mmpaymkttransfers/sendredpack").post(fields).await.unwrap_err();
    assert_eq!((error.certainty(), mock.connections()), (Certainty::NothingMoved, 0), "{error}");
    assert!(error.to_string().contains("send_name"), "{error}");
}

#[tokio::test]
async fn a_chained_call_goes_out_with_whatever_is_known_to_be_taken() {
    let mock = Mock::start([Plan::Reply(Reply::bare_failure(&ErrorCode::SystemError, "系统繁忙").to_xml())]).await;
    let fields = [
        ("mch_appid", APP),
        ("openid", OPENID),
        ("partner_trade_no", BILL_NO),
        ("amount", "100"),
        ("desc", "理赔"),
        ("check_name", "OPTION_CHECK"),
    ];
    let error = client(mock.url()).chain("v2/mmpaymkttransfers/promotion/transfers").post(fields).await.unwrap_err();
    assert_eq!((error.code(), mock.connections()), (Some(&ErrorCode::SystemError), 1), "{error}");
}

#[tokio::test]
async fn a_chained_path_is_a_path_and_nothing_more() {
    let mock = Mock::start([]).await;
    for path in [
        "",
        "v2/",
        "v2/mmpaymkttransfers/sendgroupredpack/",
        "v2/mmpaymkttransfers/sendgroupredpack?",
        "v2/mmpaymkttransfers/sendgroupredpack#x",
        "v2/mmpaymkttransfers//sendgroupredpack",
        "v2/mmpaymkttransfers/./sendgroupredpack",
        "v2/x/../mmpaymkttransfers/sendgroupredpack",
        "v2/mmpaymkttransfers/sendgroup%72edpack",
        "@example.com/x",
    ] {
        let error = client(mock.url()).chain(path).post([("a", "b")]).await.unwrap_err();
        assert_eq!((error.certainty(), mock.connections()), (Certainty::NothingMoved, 0), "{path}: {error}");
        assert!(error.to_string().contains("a path has"), "{path}: {error}");
    }
}
