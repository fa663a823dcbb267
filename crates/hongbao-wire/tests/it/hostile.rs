//! What is refused, by name, and what looks odd and is taken all the same.

use hongbao_wire::{BODY_LIMIT, DecodeError, Params, REPLY_LIMIT, decode, decode_reply};
use proptest::prelude::*;

fn error(body: &str) -> DecodeError {
    decode(body.as_bytes()).unwrap_err()
}

fn field(body: &str) -> String {
    decode(body.as_bytes()).unwrap().get("a").unwrap().to_owned()
}

fn named(name: &str) -> String {
    name.to_owned()
}

#[test]
fn an_empty_body_is_refused() {
    for body in ["", " \r\n", "\u{FEFF}", "\u{FEFF}\n"] {
        assert_eq!(error(body), DecodeError::Empty, "{body:?}");
    }
}

#[test]
fn an_oversized_body_is_refused_before_it_is_looked_at() {
    assert_eq!(decode(&vec![0xFF; BODY_LIMIT + 1]), Err(DecodeError::TooLarge { limit: BODY_LIMIT }));
    assert_eq!(decode_reply(&vec![0xFF; REPLY_LIMIT + 1]), Err(DecodeError::TooLarge { limit: REPLY_LIMIT }));
    let fits = format!("<xml><a>{}</a></xml>", "x".repeat(BODY_LIMIT - 18));
    assert_eq!(fits.len(), BODY_LIMIT);
    assert!(decode(fits.as_bytes()).is_ok());
}

#[test]
fn other_encodings_are_refused() {
    assert_eq!(decode(b"<xml><a>\xB9\xA7</a></xml>"), Err(DecodeError::NotUtf8 { at: 8 }));
    assert_eq!(decode(b"\xFF\xFE<\0x\0m\0l\0"), Err(DecodeError::NotUtf8 { at: 0 }));
    assert_eq!(decode(b"\xFE\xFF\0<\0x\0m\0l"), Err(DecodeError::NotUtf8 { at: 0 }));
    for (name, bytes) in [
        ("an overlong slash", &b"\xC0\xAF"[..]),
        ("a longer one", b"\xE0\x80\xAF"),
        ("a lone surrogate", b"\xED\xA0\x80"),
        ("past the last character", b"\xF4\x90\x80\x80"),
        ("a character cut off", b"\xE7\xBA"),
    ] {
        let body = [b"<xml><a>", bytes, b"</a></xml>"].concat();
        assert_eq!(decode(&body), Err(DecodeError::NotUtf8 { at: 8 }), "{name}");
    }
    assert_eq!(error("<?xml version='1.0' encoding='GBK'?><xml><a>1</a></xml>"), DecodeError::OtherEncoding);
}

#[test]
fn xxe_injection_is_refused_at_the_doctype() {
    let external = r#"<!DOCTYPE xml [<!ENTITY x SYSTEM "file:///etc/passwd">]><xml><a>&x;</a></xml>"#;
    assert_eq!(error(external), DecodeError::Doctype { at: 0 });
    assert_eq!(error("<xml><!doctype x><a>1</a></xml>"), DecodeError::Doctype { at: 5 });
    for prolog in [
        r#"<!DOCTYPE r [<!ENTITY % p SYSTEM "http://127.0.0.1:1/a.dtd">%p;]>"#,
        r#"<!DOCTYPE xml SYSTEM "http://127.0.0.1:1/a.dtd">"#,
        r#"<!DOCTYPE xml PUBLIC "p" "file:///etc/passwd">"#,
        "<!DOCTYPE xml>",
    ] {
        assert_eq!(error(&format!("{prolog}<xml><a>1</a></xml>")), DecodeError::Doctype { at: 0 }, "{prolog}");
    }
}

#[test]
fn a_billion_laughs_are_refused_at_the_doctype() {
    let laughs = r#"<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><xml><a>&b;</a></xml>"#;
    assert_eq!(error(laughs), DecodeError::Doctype { at: 0 });
    let long = format!("<!DOCTYPE x [<!ENTITY a \"{}\">]>", "a".repeat(10_000));
    let quadratic = format!("{long}<xml><a>{}</a></xml>", "&a;".repeat(6_000));
    assert_eq!(error(&quadratic), DecodeError::Doctype { at: 0 });
}

#[test]
fn bad_entities_are_refused() {
    for name in ["x", "nbsp", "AMP", "", "lt "] {
        assert_eq!(error(&format!("<xml><a>&{name};</a></xml>")), DecodeError::UnknownEntity { at: 8 }, "{name:?}");
    }
    for reference in ["&", "&amp", "&&amp;", "&#;", "&#x;", "&#-1;", "&#+65;", "&#xG;", "&# 65;"] {
        assert_eq!(
            error(&format!("<xml><a>{reference}</a></xml>")),
            DecodeError::BadReference { at: 8 },
            "{reference}"
        );
    }
}

#[test]
fn characters_that_xml_forbids_are_refused_however_they_are_written() {
    for raw in ["\u{7}", "\0", "\u{1B}", "\u{FFFE}", "\u{FFFF}"] {
        for body in [format!("<xml><a>{raw}</a></xml>"), format!("<xml><a><![CDATA[{raw}]]></a></xml>")] {
            assert!(matches!(error(&body), DecodeError::ForbiddenCharacter { .. }), "{body:?}");
        }
    }
    for reference in ["&#7;", "&#0;", "&#x1b;", "&#xD800;", "&#xFFFF;", "&#x110000;", "&#99999999999;"] {
        let body = format!("<xml><a>{reference}</a></xml>");
        assert_eq!(error(&body), DecodeError::ForbiddenCharacter { at: 8 }, "{reference}");
    }
}

#[test]
fn a_duplicate_field_is_refused() {
    let injected =
        "<xml><remark><![CDATA[x]]></remark><total_amount>1</total_amount><total_amount>100</total_amount></xml>";
    assert_eq!(error(injected), DecodeError::DuplicateField { field: named("total_amount") });
    for twice in ["<a/><a/>", "<a/><a>1</a>", "<a>1</a><a/>", "<a>1</a><b>1</b><a>1</a>", "<b/><a>2</a><a>1</a>"] {
        assert_eq!(error(&format!("<xml>{twice}</xml>")), DecodeError::DuplicateField { field: named("a") }, "{twice}");
    }
    let twins = decode(b"<xml><a>1</a><A>2</A><x:a>3</x:a><a.>4</a.></xml>").unwrap();
    assert_eq!(twins, Params::from_pairs([("a", "1"), ("A", "2"), ("x:a", "3"), ("a.", "4")]).unwrap());
}

#[test]
fn nesting_is_refused() {
    for body in ["<xml><a><b>1</b></a></xml>", "<xml><a>1<b/></a></xml>"] {
        assert_eq!(error(body), DecodeError::NestedElement { field: named("a") }, "{body}");
    }
    let deep = "<a>".repeat(10_000);
    assert_eq!(error(&deep), DecodeError::NestedElement { field: named("a") });
    assert_eq!(error(&"<a>".repeat(100_000)), DecodeError::TooLarge { limit: BODY_LIMIT });
}

#[test]
fn attributes_on_a_field_are_refused() {
    let inclusion = "<xml><a xmlns:xi='http://www.w3.org/2001/XInclude' href='file:///etc/passwd'/></xml>";
    for body in [inclusion, "<xml><a b='1'>1</a></xml>", "<xml><a xmlns:xsi='x'/></xml>", "<xml><a b>1</a></xml>"] {
        assert_eq!(error(body), DecodeError::Attributes { field: named("a") }, "{body}");
    }
}

#[test]
fn a_comment_inside_a_value_is_refused() {
    for value in ["1<!-- -->2", "<!-- -->12", "12<!---->", "<![CDATA[1]]><!-- -->2"] {
        let body = format!("<xml><a>{value}</a></xml>");
        assert_eq!(error(&body), DecodeError::CommentInValue { field: named("a") }, "{value}");
    }
}

#[test]
fn processing_instructions_are_refused() {
    let sheet = "<?xml-stylesheet type='text/xsl' href='http://127.0.0.1:1/a.xsl'?><xml/>";
    for body in [sheet, "<?php 1?><xml><a>1</a></xml>", "<xml><?x y?><a>1</a></xml>", "<xml><a><?x?></a></xml>"] {
        assert!(matches!(error(body), DecodeError::ProcessingInstruction { .. }), "{body}");
    }
}

#[test]
fn a_declaration_anywhere_but_at_the_beginning_is_refused() {
    let declaration = "<?xml version='1.0'?>";
    assert_eq!(error(&format!("\n{declaration}<xml/>")), DecodeError::MisplacedDeclaration { at: 1 });
    assert_eq!(error(&format!("{declaration}{declaration}<xml/>")), DecodeError::MisplacedDeclaration { at: 21 });
    assert_eq!(error(&format!("<xml>{declaration}</xml>")), DecodeError::MisplacedDeclaration { at: 5 });
}

#[test]
fn names_that_are_no_plain_names_are_refused() {
    let (long, longer) = ("a".repeat(65), "a".repeat(15_000));
    for name in ["红包", "a/b", "1a", "-a", "a\u{A0}", "&amp;", long.as_str(), &longer] {
        assert_eq!(error(&format!("<xml><{name}>1</{name}></xml>")), DecodeError::BadName { at: 5 }, "{name}");
        assert_eq!(error(&format!("<{name}><a>1</a></{name}>")), DecodeError::BadName { at: 0 }, "{name}");
    }
    for body in ["<xml>< a>1</a></xml>", "<xml><>1</></xml>"] {
        assert_eq!(error(body), DecodeError::BadName { at: 5 }, "{body}");
    }
}

#[test]
fn a_prefixed_name_is_just_another_name() {
    let params = decode(b"<xml><n:a>1</n:a><a>2</a></xml>").unwrap();
    assert_eq!(params, Params::from_pairs([("n:a", "1"), ("a", "2")]).unwrap());
}

#[test]
fn more_than_64_fields_are_refused() {
    let body = |count: usize| {
        let fields: Vec<_> = (0..count).map(|i| format!("<f{i}>1</f{i}>")).collect();
        format!("<xml>{}</xml>", fields.concat())
    };
    assert_eq!(decode(body(64).as_bytes()).unwrap().len(), 64);
    assert_eq!(error(&body(65)), DecodeError::TooManyFields);
}

#[test]
fn text_between_fields_is_refused() {
    for body in ["<xml>x<a>1</a></xml>", "<xml>&#32;<a>1</a></xml>", "<xml><![CDATA[ ]]></xml>", "<xml>\u{A0}</xml>"] {
        assert_eq!(error(body), DecodeError::StrayText { at: 5 }, "{body}");
    }
    for body in ["hello", "{\"a\": 1}", "a=1&b=2", "\u{FEFF}\u{FEFF}<xml/>", "x<xml/>"] {
        assert_eq!(error(body), DecodeError::StrayText { at: 0 }, "{body}");
    }
}

#[test]
fn anything_after_the_root_is_refused() {
    for tail in ["<xml/>", "<xml><b>1</b></xml>", "x", "&amp;", "<![CDATA[]]>"] {
        assert_eq!(error(&format!("<xml/>{tail}")), DecodeError::TrailingContent { at: 6 }, "{tail}");
    }
    assert_eq!(error("<xml></xml></xml>"), DecodeError::MismatchedTag { at: 11 });
    assert!(decode(b"<xml/> \r\n<!-- bye -->\n").is_ok());
}

#[test]
fn a_document_cut_off_anywhere_is_refused() {
    let whole = "<?xml version=\"1.0\"?><xml x=\"1\"><a>1&amp;2</a>\n<b><![CDATA[红]]></b><c/></xml>";
    assert!(decode(whole.as_bytes()).is_ok());
    for end in 0..whole.len() {
        assert!(decode(&whole.as_bytes()[..end]).is_err(), "cut at {end}");
    }
    for cut in ["<xml>", "<xml><a>1", "<xml><a>1</a", "<xml><a><![CDATA[1]]", "<xml", "<xml><!-- ", "<"] {
        assert!(matches!(error(cut), DecodeError::Truncated { .. }), "{cut:?}: {:?}", error(cut));
    }
}

#[test]
fn tags_that_do_not_match_are_refused() {
    for body in ["<xml><a>1</b></xml>", "<xml><a>1</A></xml>", "<xml><a>1</xml>", "</xml>"] {
        assert!(matches!(error(body), DecodeError::MismatchedTag { .. }), "{body}");
    }
}

#[test]
fn a_client_that_does_not_escape_the_end_of_cdata_is_told_so() {
    let remark = "a]]>b";
    let body = format!("<xml><remark><![CDATA[{remark}]]></remark></xml>");
    assert_eq!(error(&body), DecodeError::StrayCdataEnd { at: 26 });
}

#[test]
fn malformed_markup_is_refused() {
    let fragments = [
        "<!-->",
        "<!--->",
        "<!->",
        "<!>",
        "<!",
        "<![CDATA[>",
        "<![CDATA[]>",
        "<![cdata[x]]>",
        "<?>",
        "<??>",
        "<?",
        "<>",
        "</>",
        "<!D>",
        "<!DOCTYPE>",
        "<!DOCTYPE",
        "<!ENTITY a 'b'>",
        "<a",
        "<a b='",
        "</a b='1'>",
        "<![X]]>",
        "]]>",
        "<<a>",
    ];
    for fragment in fragments {
        for body in [fragment.to_owned(), format!("<xml>{fragment}</xml>"), format!("<xml><a>{fragment}</a></xml>")] {
            assert!(decode(body.as_bytes()).is_err(), "{body}");
        }
    }
}

#[test]
fn errors_show_no_values() {
    let secret = "oxTWIuGaIt6gTKsQRLau2M0yL16E";
    for body in [
        format!("<xml><a>{secret}<!-- --></a></xml>"),
        format!("<xml><a>&{secret};</a></xml>"),
        format!("<xml>{secret}</xml>"),
        format!("<xml><a b='{secret}'/></xml>"),
        format!("<xml><a>{secret}]]></a></xml>"),
    ] {
        let error = error(&body);
        assert!(!format!("{error} {error:?}").contains(secret), "{error}");
    }
}

#[test]
fn a_web_server_s_error_page_is_no_reply() {
    let nginx = "<html>\r\n<head><title>400 The SSL certificate error</title></head>\r\n<body>\r\n\
        <center><h1>400 Bad Request</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n";
    assert!(decode_reply(nginx.as_bytes()).is_err());
    assert!(decode_reply(b"<!DOCTYPE html><html><body>404</body></html>").is_err());
}

#[test]
fn shares_are_a_matter_of_replies_and_stand_in_one_place_only() {
    let list = "<hblist><hbinfo><amount>1</amount></hbinfo></hblist>";
    assert_eq!(error(&format!("<xml>{list}</xml>")), DecodeError::NestedElement { field: named("hblist") });

    let reply = |body: &str| decode_reply(body.as_bytes());
    assert_eq!(reply(&format!("<xml>{list}<b>1</b></xml>")).unwrap().shares.len(), 1);
    assert_eq!(reply("<xml><hblist/></xml>").unwrap().shares.len(), 0);
    let refused = [
        (format!("<xml>{list}{list}</xml>"), DecodeError::DuplicateField { field: named("hblist") }),
        ("<xml><hblist/><hblist/></xml>".into(), DecodeError::DuplicateField { field: named("hblist") }),
        ("<xml><hblist>x</hblist></xml>".into(), DecodeError::StrayText { at: 13 }),
        ("<xml><hblist><b/></hblist></xml>".into(), DecodeError::NestedElement { field: named("hblist") }),
        (
            format!("<xml><hblist><hbinfo>{list}</hbinfo></hblist></xml>"),
            DecodeError::NestedElement { field: named("hblist") },
        ),
        (
            "<xml><hblist><hbinfo><a/><a/></hbinfo></hblist></xml>".into(),
            DecodeError::DuplicateField { field: named("a") },
        ),
        ("<xml><b><hbinfo/></b></xml>".into(), DecodeError::NestedElement { field: named("b") }),
        ("<xml><hblist><hbinfo>".into(), DecodeError::Truncated { at: 21 }),
        (format!("<xml><hblist>{}</hblist></xml>", "<hbinfo/>".repeat(10_001)), DecodeError::TooManyShares),
    ];
    for (body, expected) in refused {
        assert_eq!(reply(&body), Err(expected), "{body:.80}");
    }
}

#[test]
fn every_shape_that_clients_send_is_taken() {
    for body in [
        "<xml><a>1</a></xml>",
        "<request><a>1</a></request>",
        "<xml><a><![CDATA[1]]></a></xml>",
        "\u{FEFF}<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\r\n<xml>\r\n  <a>1</a>\r\n</xml>\r\n",
        "<?xml version='1.0' encoding='utf8'?><xml xmlns='x' y=\"z\"><a >1</a ></xml >",
        "<!-- hi --><xml><!-- a -- b --><a>&#49;</a></xml>",
        "<xml><a>&#x0031;</a></xml>",
    ] {
        assert_eq!(field(body), "1", "{body}");
    }
}

#[test]
fn values_are_raw() {
    let cases = [
        ("<![CDATA[ a\r\nb\rc\t]]>", " a\r\nb\rc\t"),
        (" a\r\nb\rc\t", " a\r\nb\rc\t"),
        ("\r\n<![CDATA[x]]>\r\n", "\r\nx\r\n"),
        ("&lt;&gt;&amp;&quot;&apos;&#34;&#x27;&#xD;&#10;", "<>&\"'\"'\r\n"),
        ("a<![CDATA[&lt;]]>&lt;<![CDATA[]]]]><![CDATA[>]]>", "a&lt;<]]>"),
        ("&amp;amp;", "&amp;"),
        ("a > b", "a > b"),
        ("&#x1F9E7;🧧", "🧧🧧"),
        ("<![CDATA[1]]><![CDATA[00]]>", "100"),
        ("<![CDATA[1]]>00", "100"),
        ("&#49;00", "100"),
        ("&#0000049;00", "100"),
        ("]]&gt;<![CDATA[<total_amount>1]]>", "]]><total_amount>1"),
        ("", ""),
    ];
    for (written, expected) in cases {
        assert_eq!(field(&format!("<xml><a>{written}</a></xml>")), expected, "{written:?}");
    }
    assert_eq!(field("<xml><a/></xml>"), "");
}

proptest! {
    #[test]
    fn no_bytes_make_the_decoder_panic(body: Vec<u8>) {
        let _ = decode(&body);
    }

    #[test]
    fn no_pieces_of_markup_make_the_decoder_panic(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "<xml>", "</xml>", "<a>", "</a>", "<a/>", "<hblist>", "</hblist>", "<hbinfo>", "</hbinfo>", "<![CDATA[", "]]>",
            "<!--", "-->", "<?xml ", "?>", "<!", "<", ">", "&", ";", "#", "x", "41", "-", "'", "\"", "=", " ", "\r", "红",
            "\u{FEFF}",
        ]), 0..40)
    ) {
        let body = pieces.concat();
        let _ = decode(body.as_bytes());
        let _ = decode_reply(body.as_bytes());
    }
}
