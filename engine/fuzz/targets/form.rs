//! Any bytes as a file under edit: what is read is kept byte for byte, and every field can be given a text.
#![no_main]

use formats::form::Form;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(form) = Form::read(data) else { return };
    assert_eq!(form.source().as_bytes(), data);
    for field in form.fields() {
        if let Ok(same) = form.with_value(&field.key, &field.value) {
            assert_eq!(same.source().as_bytes(), data, "{:?}", field.key);
        }
        let Ok(other) = form.with_value(&field.key, "0x10 <&> 7") else { continue };
        // A damaged file may hold what xml doesn't allow: that can be kept, but not be written again.
        let Ok(back) = other.with_value(&field.key, &field.value) else { continue };
        assert_eq!(back.fields().len(), form.fields().len());
    }
});
