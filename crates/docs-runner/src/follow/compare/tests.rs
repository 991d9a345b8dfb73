use super::*;
use crate::config::Number;

const ONE: &str = "01a207304aed708faa7a6550a7bbd6d6";
const TWO: &str = "ffa207304aed708faa7a6550a7bbd6d6";

fn numbers() -> Numbers {
    [("timestamp".to_owned(), Number::UnixSeconds), ("processing_time_ms".to_owned(), Number::Duration)]
        .into()
}

fn differences(shown: &str, got: &str) -> Vec<String> {
    compare(&output_lines(shown), &output_lines(got), &numbers()).differences
}

fn bless(shown: &str, got: &str) -> String {
    blessed(&output_lines(shown), &output_lines(got), &numbers()).join("\n")
}

#[test]
fn json_is_compared_by_value_whatever_its_layout() {
    let shown = "{\n  \"a\": [1, 2],\n  \"b\": {\"c\": \"\\u00e9\"}\n}";
    assert_eq!(differences(shown, "{\"a\":[1,2],\"b\":{\"c\":\"é\"}}\n"), [""; 0]);
}

#[test]
fn changing_members_are_compared_by_shape_and_their_names_learnt() {
    let answer = |time: &str, id: &str, at: &str| {
        format!("{{\"timestamp\":{time},\"request_id\":\"req_{id}\",\"created_at\":\"{at}\"}}")
    };
    let shown = answer("1795416935", ONE, "2026-11-23T06:55:35Z");
    let got = answer("1895416935", TWO, "2030-01-02T03:04:05.678Z");
    let numbers = numbers();
    let comparison = compare(&output_lines(&shown), &output_lines(&got), &numbers);
    assert_eq!(comparison.differences, [""; 0]);
    assert_eq!(comparison.pairs, [(ONE.to_owned(), TWO.to_owned())]);
    let wrong = answer("\"1895416935\"", &TWO[1..], "2030-01-02");
    assert_eq!(differences(&shown, &wrong).len(), 3);
}

#[test]
fn every_difference_in_json_is_named_by_its_place() {
    let shown = r#"{"message": "well done", "data": {"users": [{"id": 1}]}, "gone": null, "n": 1}"#;
    let got = r#"{"message":"well dome","data":{"users":[{"id":2,"extra":true}]},"n":1.0}"#;
    assert_eq!(
        differences(shown, got),
        [
            ".message: the page shows \"well done\", but it was \"well dome\"",
            ".data.users[0].id: the page shows 1, but it was 2",
            ".data.users[0].extra: in the answer, but not on the page: true",
            ".gone: on the page, but not in the answer",
            ".n: the page shows 1, but it was 1.0",
        ]
    );
    assert_eq!(differences("{\"a\": [1]}", "{\"a\":[1,2]}"), [".a: the page shows [1], but it was [1, 2]"]);
    assert_eq!(differences("{\"a\": null}", "{\"a\":\"\"}"), [".a: the page shows null, but it was \"\""]);
    assert_eq!(differences("{}", "[]"), ["the answer: the page shows {}, but it was []"]);
}

#[test]
fn members_must_be_in_the_same_order() {
    assert_eq!(
        differences("{\"x\": {\"a\": 1, \"b\": 2}}", "{\"x\":{\"b\":2,\"a\":1}}"),
        [".x: the page shows the members a, b, but the order was b, a"]
    );
}

#[test]
fn lines_around_json_are_compared_too() {
    assert_eq!(differences("HTTP 200\n{\"a\": 1}\nend", "HTTP 200\n{\"a\":1}\nend\n"), [""; 0]);
    assert_eq!(
        differences("HTTP 200\n{\"a\": 1}", "HTTP 201\n{\"a\":1}"),
        ["line 1: the page shows \"HTTP 200\", but it was \"HTTP 201\""]
    );
    assert_eq!(differences("{\"a\": 1}", "{\"a\":1}\nmore"), ["it printed more than the page shows"]);
    assert_eq!(
        differences("{\"a\": 1}\nmore", "{\"a\":1}"),
        ["the page shows \"more\", but it did not print that"]
    );
    assert_eq!(differences("{\"a\": 1}", "no"), ["the page shows JSON, but it printed something else"]);
}

#[test]
fn text_is_compared_line_by_line_and_nothing_shown_is_nothing_claimed() {
    assert_eq!(differences("", "whatever"), [""; 0]);
    assert_eq!(differences("a\n...\nz", "a\nb\nz"), [""; 0]);
    assert_eq!(differences("a\nb", "a\nc"), ["line 2: the page shows \"b\", but it was \"c\""]);
    assert_eq!(differences("a\nb", "a"), ["line 2: the page shows \"b\", but it was nothing"]);
    assert_eq!(differences("a", "a\nb"), ["line 2: the page shows nothing, but it was \"b\""]);
    assert_eq!(differences("a\n...\nz", "a\nb"), ["what the page shows from \"...\" on does not fit"]);
    assert_eq!(differences("[..]", "{\"a\": 1}"), [""; 0]);
}

#[test]
fn bless_rewrites_what_is_wrong_and_keeps_changing_values() {
    let shown =
        format!("{{\"message\": \"odl\", \"timestamp\": 1795416935, \"id\": \"{ONE}\", \"gone\": 1}}");
    let got =
        format!("{{\"message\":\"new\",\"timestamp\":1895416935,\"id\":\"{TWO}\",\"more\":[{{\"a\":1}}]}}");
    let expected = format!(
        "{{\n  \"message\": \"new\",\n  \"timestamp\": 1795416935,\n  \"id\": \"{ONE}\",\n  \"more\": [\n    \
         {{\n      \"a\": 1\n    }}\n  ]\n}}"
    );
    assert_eq!(bless(&shown, &got), expected);
    assert_eq!(differences(&bless(&shown, &got), &got), [""; 0]);
}

#[test]
fn bless_leaves_alone_what_is_right() {
    assert_eq!(bless("{\"a\":\n1}", "{\"a\": 1}"), "{\"a\":\n1}");
    assert_eq!(bless("a\n...", "a\nb\nc"), "a\n...");
}

#[test]
fn bless_keeps_the_lines_that_still_fit() {
    let shown = "took 0.[..]s\nold\nlast";
    assert_eq!(bless(shown, "first\ntook 0.12s\nnew\nlast"), "first\ntook 0.[..]s\nnew\nlast");
    assert_eq!(bless("...\nold", "a\nb"), "a\nb");
    assert_eq!(bless("?", "HTTP 200\n{\"a\":1}"), "HTTP 200\n{\n  \"a\": 1\n}");
}
