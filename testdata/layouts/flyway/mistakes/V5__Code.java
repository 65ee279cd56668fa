class V5 {}
