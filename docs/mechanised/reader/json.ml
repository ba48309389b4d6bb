(* JSON, as far as certificates need it: numbers are whole, and are kept as they are written. *)

type t =
  | Null
  | Bool of bool
  | Number of string
  | String of string
  | List of t list
  | Object of (string * t) list

exception Malformed of string

let fail at what = raise (Malformed (Printf.sprintf "at byte %d: %s" at what))

let parse text =
  let length = String.length text in
  let at = ref 0 in
  let peek () = if !at < length then text.[!at] else '\000' in
  let rec skip () =
    match peek () with
    | (' ' | '\t' | '\n' | '\r') when !at < length -> incr at; skip ()
    | _ -> ()
  in
  let expect c =
    skip ();
    if !at < length && peek () = c then incr at else fail !at (Printf.sprintf "%C expected" c)
  in
  let word w value =
    let n = String.length w in
    if !at + n <= length && String.sub text !at n = w then (at := !at + n; value)
    else fail !at (w ^ " expected")
  in
  (* An escape is kept as it is written: names are only compared and shown. *)
  let string () =
    expect '"';
    let from = !at in
    let rec go () =
      if !at >= length then fail from "a string without an end";
      match peek () with
      | '"' -> ()
      | '\\' -> at := !at + 2; go ()
      | _ -> incr at; go ()
    in
    go ();
    if !at >= length then fail from "a string without an end";
    let found = String.sub text from (!at - from) in
    incr at;
    found
  in
  let number () =
    let from = !at in
    if peek () = '-' then incr at;
    let digits = !at in
    while !at < length && peek () >= '0' && peek () <= '9' do incr at done;
    if !at = digits then fail from "a value expected";
    (match peek () with
     | ('.' | 'e' | 'E') when !at < length -> fail from "a whole number expected"
     | _ -> ());
    String.sub text from (!at - from)
  in
  (* What stands between brackets, with commas. *)
  let many close item =
    skip ();
    if peek () = close then (incr at; [])
    else
      let rec more found =
        let found = item () :: found in
        skip ();
        if peek () = ',' then (incr at; more found) else (expect close; List.rev found)
      in
      more []
  in
  let rec value () =
    skip ();
    match peek () with
    | '{' -> incr at; Object (many '}' member)
    | '[' -> incr at; List (many ']' value)
    | '"' -> String (string ())
    | 't' -> word "true" (Bool true)
    | 'f' -> word "false" (Bool false)
    | 'n' -> word "null" Null
    | _ -> Number (number ())
  and member () =
    skip ();
    let name = string () in
    expect ':';
    (name, value ())
  in
  let found = value () in
  skip ();
  if !at < length then fail !at "something after the end";
  found

(* A member that may be missing. Given twice, it is refused: readers differ in which they take. *)
let find name = function
  | Object members ->
    (match List.filter (fun (n, _) -> n = name) members with
     | [] -> None
     | [ (_, v) ] -> Some v
     | _ -> raise (Malformed (name ^ " is given twice")))
  | _ -> raise (Malformed ("an object with " ^ name ^ " expected"))

let get name json =
  match find name json with Some v -> v | None -> raise (Malformed (name ^ " is missing"))

let list = function List l -> l | _ -> raise (Malformed "a list expected")
let bool = function Bool b -> b | _ -> raise (Malformed "true or false expected")
let number = function Number n -> n | _ -> raise (Malformed "a number expected")
