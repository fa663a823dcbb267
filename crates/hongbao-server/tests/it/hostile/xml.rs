//! Documents that mean harm, or two things at once.

use std::net::TcpListener;

use super::{SEND, XML_ERROR, assert_field_refused, assert_no_xml, assert_sends, assert_untouched};
use crate::rig::{BILL_NO, KEY, Rig, codes, element, sample, signed, with};

/// The signed sample, with one piece of its XML replaced.
fn changed(from: &str, to: &str) -> String {
    let good = signed(KEY, &sample());
    assert!(good.contains(from), "{from}");
    good.replacen(from, to, 1)
}

/// The sample, with this before its root.
fn after(prolog: &str) -> String {
    format!("{prolog}{}", signed(KEY, &sample()))
}

const AMOUNT: &str = "<total_amount><![CDATA[1000]]></total_amount>";

#[tokio::test]
async fn an_external_entity_is_not_read() {
    let rig = Rig::start().await;
    for (name, prolog) in [
        ("a file", r#"<!DOCTYPE xml [<!ENTITY x SYSTEM "file:///etc/passwd">]>"#),
        ("a public one", r#"<!DOCTYPE xml [<!ENTITY x PUBLIC "p" "file:///etc/passwd">]>"#),
        ("behind a declaration", r#"<?xml version="1.0"?><!DOCTYPE xml [<!ENTITY x SYSTEM "file:///etc/passwd">]>"#),
        ("none at all", "<!DOCTYPE xml>"),
        ("in lower case", "<!doctype xml>"),
    ] {
        assert_no_xml(&rig, name, after(prolog)).await;
        let used = changed("<wishing><![CDATA[", "<wishing>&x;<![CDATA[");
        assert_no_xml(&rig, name, format!("{prolog}{used}")).await;
    }
    assert_no_xml(&rig, "undeclared", changed("<wishing><![CDATA[", "<wishing>&x;<![CDATA[")).await;
    assert_untouched(&rig).await;
}

#[tokio::test]
async fn an_external_dtd_is_not_fetched() {
    let rig = Rig::start().await;
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let at = format!("http://{}/a", elsewhere.local_addr().unwrap());
    for (name, body) in [
        ("a parameter entity", after(&format!(r#"<!DOCTYPE r [<!ENTITY % p SYSTEM "{at}.dtd">%p;]>"#))),
        ("an external subset", after(&format!(r#"<!DOCTYPE xml SYSTEM "{at}.dtd">"#))),
        ("a style sheet", after(&format!(r#"<?xml-stylesheet type="text/xsl" href="{at}.xsl"?>"#))),
        (
            "an inclusion",
            changed(AMOUNT, &format!(r#"<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{at}"/>"#)),
        ),
    ] {
        assert_no_xml(&rig, name, body).await;
    }
    // A root's attributes are ignored, and this one too.
    let schema = changed(
        "<xml>",
        &format!(r#"<xml xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:schemaLocation="x {at}.xsd">"#),
    );
    assert_eq!(codes(&rig.post(SEND, schema).await), ["SUCCESS"; 3]);
    let knock = elsewhere.accept().unwrap_err();
    assert_eq!(knock.kind(), std::io::ErrorKind::WouldBlock, "nobody came");
    rig.assert_books(1).await;
}

#[tokio::test]
async fn entities_that_multiply_are_refused_at_the_doctype() {
    let rig = Rig::start().await;
    let level = |level: usize| format!("<!ENTITY l{level} \"{}\">", format!("&l{};", level - 1).repeat(10));
    let levels: Vec<_> = (1..10).map(level).collect();
    let laughs = format!("<!DOCTYPE x [<!ENTITY l0 \"ha\">{}]><xml><wishing>&l9;</wishing></xml>", levels.concat());
    let long = format!("<!DOCTYPE x [<!ENTITY a \"{}\">]>", "a".repeat(10_000));
    let quadratic = format!("{long}<xml><wishing>{}</wishing></xml>", "&a;".repeat(6_000));
    for (name, body) in [("a billion laughs", laughs), ("a long entity, many times", quadratic)] {
        assert!(body.len() < hongbao_wire::BODY_LIMIT, "{name} is refused for what it is");
        assert_no_xml(&rig, name, body).await;
    }
    assert_untouched(&rig).await;
}

#[tokio::test]
async fn instructions_are_refused() {
    let rig = Rig::start().await;
    for (name, body) in [
        ("before the root", after("<?php system('id') ?>")),
        ("inside the root", changed(AMOUNT, &format!("<?x y?>{AMOUNT}"))),
        ("inside a value", changed("<wishing>", "<wishing><?x?>")),
        ("behind the root", changed("</xml>", "</xml><?x y?>")),
        ("a second declaration", after("<?xml version=\"1.0\"?><?xml version=\"1.0\"?>")),
        ("a declaration behind a blank", after(" <?xml version=\"1.0\"?>")),
    ] {
        assert_no_xml(&rig, name, body).await;
    }
    assert_untouched(&rig).await;
}

#[tokio::test]
async fn only_utf_8_is_read() {
    let rig = Rig::start().await;
    let good = signed(KEY, &sample());
    let in_wishing = |bytes: &[u8]| {
        let (before, rest) = good.split_once("<wishing><![CDATA[").unwrap();
        [before.as_bytes(), b"<wishing><![CDATA[", bytes, rest.as_bytes()].concat()
    };
    let utf_16 = |unit: fn(u16) -> [u8; 2]| -> Vec<u8> {
        std::iter::once(0xFEFF).chain(good.encode_utf16()).flat_map(unit).collect()
    };
    let gbk = [b"<?xml version=\"1.0\" encoding=\"GBK\"?>".to_vec(), in_wishing(b"\xB9\xA7\xCF\xB2")].concat();
    for (name, body) in [
        ("GBK, and it says so", gbk),
        ("GBK, and it says nothing", in_wishing(b"\xB9\xA7\xCF\xB2")),
        ("UTF-8 that says GBK", after("<?xml version=\"1.0\" encoding=\"GBK\"?>").into_bytes()),
        ("UTF-16, little end first", utf_16(u16::to_le_bytes)),
        ("UTF-16, big end first", utf_16(u16::to_be_bytes)),
        ("an overlong slash", in_wishing(b"\xC0\xAF")),
        ("a lone surrogate", in_wishing(b"\xED\xA0\x80")),
        ("past the last character", in_wishing(b"\xF4\x90\x80\x80")),
        ("NUL", in_wishing(b"\0")),
        ("U+FFFE", in_wishing("\u{FFFE}".as_bytes())),
        ("escape", in_wishing(b"\x1B[31m")),
        ("NUL by number", changed("<wishing>", "<wishing>&#0;").into_bytes()),
        ("a surrogate by number", changed("<wishing>", "<wishing>&#xD83E;&#xDDE7;").into_bytes()),
        ("two byte order marks", after("\u{FEFF}\u{FEFF}").into_bytes()),
    ] {
        assert_no_xml(&rig, name, body).await;
    }
    assert_eq!(rig.funds().await, 5000);
    rig.assert_books(0).await;
    assert_eq!(codes(&rig.post(SEND, after("\u{FEFF}")).await), ["SUCCESS"; 3], "one byte order mark is taken");
    rig.assert_books(1).await;
}

#[tokio::test]
async fn a_field_given_twice_is_refused_whatever_the_order() {
    let rig = Rig::start().await;
    let good = signed(KEY, &sample());
    let sign = format!("<sign><![CDATA[{}]]></sign>", element(&good, "sign"));
    let merchant = "<mch_id><![CDATA[10000098]]></mch_id>";
    for (name, known, second) in [
        ("a larger amount", AMOUNT, "<total_amount>5000</total_amount>"),
        ("the same amount", AMOUNT, AMOUNT),
        ("an empty amount", AMOUNT, "<total_amount/>"),
        ("a signature", sign.as_str(), "<sign>0</sign>"),
        ("a merchant", merchant, "<mch_id>10000099</mch_id>"),
        ("an unknown field", AMOUNT, "<x>1</x><x>1</x>"),
    ] {
        for body in [
            changed(known, &format!("{known}{second}")),
            changed(known, &format!("{second}{known}")),
            changed("<xml>", &format!("<xml>{second}")),
            changed("</xml>", &format!("{second}</xml>")),
        ] {
            assert_no_xml(&rig, name, body).await;
        }
    }
    assert_untouched(&rig).await;
}

#[tokio::test]
async fn a_twin_of_a_field_is_not_the_field() {
    let rig = Rig::start().await;
    for twin in ["Total_Amount", "TOTAL_AMOUNT", "x:total_amount", "total_amount.", "total-amount"] {
        // Alone, it is not the amount.
        let alone = signed(KEY, &sample()).replace("total_amount>", &format!("{twin}>"));
        assert_field_refused(twin, &rig.post(SEND, alone).await, "参数错误:红包金额参数错误.");
    }
    let attributes = changed("<total_amount>", "<total_amount v=\"1\">");
    assert_no_xml(&rig, "with an attribute", attributes).await;
    assert_untouched(&rig).await;
    // Beside the amount, unsigned or signed, it is a field that nobody knows.
    let beside =
        changed(AMOUNT, &format!("<Total_Amount>5000</Total_Amount>{AMOUNT}<x:total_amount>1</x:total_amount>"));
    let signed = signed(KEY, &with(&sample(), &[("Total_Amount", "5000"), ("TOTAL_AMOUNT", "1")]));
    for (name, body) in [("unsigned", beside), ("signed", signed)] {
        let reply = rig.post(SEND, body).await;
        assert_eq!(codes(&reply), ["SUCCESS"; 3], "{name}");
        assert_eq!(element(&reply, "total_amount"), "1000", "{name}");
    }
    assert_eq!(rig.funds().await, 4000);
    rig.assert_books(1).await;
}

#[tokio::test]
async fn a_value_in_pieces_is_one_value_for_signature_and_business() {
    let rig = Rig::start().await;
    let pieces = [
        ("two sections", "<![CDATA[1]]><![CDATA[000]]>"),
        ("a section and text", "<![CDATA[1]]>000"),
        ("text and a section", "10<![CDATA[00]]>"),
        ("a reference", "&#49;000"),
        ("a hexadecimal reference", "1&#x30;00"),
        ("plain text", "1000"),
    ];
    for (name, value) in pieces {
        let body = changed(AMOUNT, &format!("<total_amount>{value}</total_amount>"));
        let reply = rig.post(SEND, body).await;
        assert_eq!(codes(&reply), ["SUCCESS"; 3], "{name}");
        assert_eq!(element(&reply, "total_amount"), "1000", "{name}");
    }
    for (name, value) in pieces {
        // Signed as 1, which a reader that takes the first piece would see.
        let one = signed(KEY, &with(&sample(), &[("total_amount", "1")]));
        let body = one.replace("<![CDATA[1]]></total_amount>", &format!("{value}</total_amount>"));
        assert_eq!(codes(&rig.post(SEND, body).await), ["SUCCESS", "FAIL", "SIGN_ERROR"], "{name}");
    }
    assert_eq!(rig.funds().await, 4000);
    rig.assert_books(1).await;
}

#[tokio::test]
async fn a_value_that_could_mean_two_things_is_refused() {
    let rig = Rig::start().await;
    for (name, value) in [
        ("an element before", "<a>1</a>000"),
        ("an element behind", "1000<a/>"),
        ("an element inside a section's reach", "<![CDATA[1000]]><total_amount>5000</total_amount>"),
        ("a comment", "1<!-- -->000"),
        ("a comment at the end", "1000<!-- 5000 -->"),
        ("a section that ends early", "1000]]>"),
    ] {
        assert_no_xml(&rig, name, changed(AMOUNT, &format!("<total_amount>{value}</total_amount>"))).await;
    }
    assert_untouched(&rig).await;
}

#[tokio::test]
async fn depth_breadth_and_length_are_bounded() {
    let rig = Rig::start().await;
    let fields: Vec<_> = (0..2_000).map(|i| format!("<f{i}/>")).collect();
    for (name, body) in [
        ("deep", "<a>".repeat(10_000)),
        ("deep and closed", format!("{}{}", "<a>".repeat(4_000), "</a>".repeat(4_000))),
        ("deeper than a body is long", "<a>".repeat(100_000)),
        ("broad", format!("<xml>{}</xml>", fields.concat())),
        ("broader than a body is long", format!("<xml>{}</xml>", "<a/>".repeat(1_000_000))),
        ("a long name", format!("<xml><{0}>1</{0}></xml>", "a".repeat(15_000))),
        ("a name longer than a body", format!("<xml><{}>", "a".repeat(10 * 1024 * 1024))),
        ("a root with a long name", format!("<{0}/>", "a".repeat(30_000))),
        ("opening only", "<".repeat(30_000)),
        ("references only", format!("<xml><a>{}</a></xml>", "&".repeat(30_000))),
    ] {
        assert_no_xml(&rig, name, body).await;
    }
    assert_untouched(&rig).await;
}

#[tokio::test]
async fn a_document_that_is_not_exactly_one_root_is_refused() {
    let rig = Rig::start().await;
    let good = signed(KEY, &sample());
    for (name, body) in [
        ("nothing", String::new()),
        ("blanks", " \r\n\t".to_owned()),
        ("text behind the root", format!("{good}x")),
        ("a field behind the root", format!("{good}<total_amount>1</total_amount>")),
        ("the root twice", format!("{good}{good}")),
        ("a section behind the root", format!("{good}<![CDATA[]]>")),
        ("text before the root", format!("x{good}")),
        ("half of it", good[..good.find("<wishing>").unwrap()].to_owned()),
        ("without its last byte", good[..good.len() - 1].to_owned()),
        ("an end only", "</xml>".to_owned()),
        ("JSON", "{\"mch_id\": \"10000098\"}".to_owned()),
        ("a form", format!("mch_id=10000098&mch_billno={BILL_NO}")),
    ] {
        assert_no_xml(&rig, name, body).await;
    }
    for name in ["<xml/>", "<xml></xml>", "<request/>"] {
        let reply = rig.post(SEND, name).await;
        assert_field_refused(name, &reply, "参数错误:nonce_str字段必填,并且少于32字符.");
        assert_eq!((element(&reply, "mch_billno"), element(&reply, "total_amount")), ("", "0"));
    }
    assert_untouched(&rig).await;
}

#[tokio::test]
async fn a_query_is_read_by_the_same_reader() {
    let rig = Rig::start().await;
    assert_sends(&rig).await;
    let good = signed(KEY, &crate::rig::query_sample());
    let twice = good.replace("</xml>", "<mch_billno>1</mch_billno></xml>");
    for body in [format!("<!DOCTYPE xml>{good}"), twice, format!("{good}{good}")] {
        assert_eq!(rig.post(super::QUERY, body).await, XML_ERROR);
    }
}
