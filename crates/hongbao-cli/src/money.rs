//! How is an amount shown to a person? With the currency's sign and point: `¥10.00`.

use hongbao_store::Currency;

/// `fen` in `currency`; may be below zero.
pub(crate) fn money(fen: i128, currency: &Currency) -> String {
    let digits = usize::from(currency.minor_digits);
    let sign = if fen < 0 { "-" } else { "" };
    let text = format!("{:0width$}", fen.unsigned_abs(), width = digits + 1);
    let (whole, minor) = text.split_at(text.len() - digits);
    let point = if digits == 0 { "" } else { "." };
    format!("{sign}{}{whole}{point}{minor}", currency.symbol)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_shown_with_its_point_whatever_its_size() {
        let shown = |fen| money(fen, &Currency::renminbi());
        assert_eq!([shown(0), shown(5), shown(1000), shown(-123_456)], ["¥0.00", "¥0.05", "¥10.00", "-¥1234.56"]);
        let points = Currency { code: "PTS".to_owned(), symbol: "P".to_owned(), minor_digits: 0 };
        assert_eq!(money(7, &points), "P7");
    }
}
